"""Python types as JSON Schema, and JSON as values of those types. It must not know what an action is.

Everything that looks at types happens once, while the component is built; a call only runs the readers made here.
"""

import dataclasses
import json
import types
import typing
from enum import Enum
from typing import Any, Callable

from weir_action import _json

#: Reads a value found at a place; what is wrong is added to the list of problems.
Reader = Callable[[Any, str, "list[str]"], Any]

#: A JSON Schema.
Json = typing.Dict[str, Any]


class Schema:
    """What JSON Schema says of a type beyond the type itself. It makes the form and is checked at publish.

        Points = Annotated[int, Schema(minimum=0, maximum=1000)]
    """

    def __init__(self, **keywords: Any) -> None:
        self.keywords = keywords


def kind(value: Any) -> str:
    """What a JSON value is, for people."""
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "an integer", float: "a number", str: "a string"}
    names.update({list: "a list", dict: "an object"})
    return names.get(type(value), type(value).__name__)


class Shapes:
    """Makes readers and schemas. With `strict` an object with members that its dataclass lacks is refused."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.definitions: "dict[str, Json]" = {}
        self._readers: "dict[type, Reader]" = {}

    def root(self, hint: Any) -> "tuple[Reader, Json]":
        """Reader and schema of a whole value. Raises TypeError for a type that JSON does not have."""
        reader, schema = self.of(hint)
        name = schema.get("$ref", "").removeprefix("#/$defs/")
        if name and not any(_refers(part, name) for part in self.definitions.values()):
            schema = self.definitions.pop(name)
        if self.definitions:
            schema = {**schema, "$defs": self.definitions}
        return reader, schema

    def of(self, hint: Any) -> "tuple[Reader, Json]":
        """Reader and schema of a type."""
        if hint is Any or hint is object or isinstance(hint, typing.TypeVar):
            return _anything, {}
        if hint is None or hint is type(None):
            return _plain((type(None),), "null"), {"type": "null"}
        if hint in _SCALARS:
            return _SCALARS[hint]
        if hasattr(hint, "__supertype__"):
            return self.of(hint.__supertype__)
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            return self._object(hint)
        if isinstance(hint, type) and issubclass(hint, Enum):
            return _one_of([member.value for member in hint], hint)
        if hasattr(hint, "__value__"):
            return self.of(hint.__value__)
        return self._generic(hint)

    def _generic(self, hint: Any) -> "tuple[Reader, Json]":
        origin, args = typing.get_origin(hint) or hint, typing.get_args(hint)
        if origin is typing.Annotated:
            reader, schema = self.of(args[0])
            for part in hint.__metadata__:
                schema = {**schema, **part.keywords} if isinstance(part, Schema) else schema
            return reader, schema
        if origin is typing.Literal:
            return _one_of(list(args), None)
        if origin is typing.Union or origin is types.UnionType:
            return self._union(args)
        if origin in (list, tuple) or _is(origin, "Sequence", "Iterable", "Collection"):
            if origin is tuple and args and args[-1] is not Ellipsis:
                raise TypeError(f"{hint} is no type that JSON has; write tuple[X, ...] or list[X]")
            reader, schema = self.of(args[0] if args else Any)
            return _list(reader, tuple if origin is tuple else list), {"type": "array", "items": schema}
        if origin is dict or _is(origin, "Mapping", "MutableMapping"):
            if args and args[0] not in (str, Any):
                raise TypeError(f"{hint} is no type that JSON has: an object's keys are strings")
            reader, schema = self.of(args[1] if args else Any)
            return _map(reader), {"type": "object", **({"additionalProperties": schema} if schema else {})}
        raise TypeError(f"{hint} is no type that JSON has; use bool, int, float, str, list, dict, Any or a dataclass")

    def _union(self, args: "tuple[Any, ...]") -> "tuple[Reader, Json]":
        options = [self.of(arg) for arg in args]
        readers = [reader for reader, _ in options]

        def read(value: Any, place: str, problems: "list[str]") -> Any:
            first: "list[str]" = []
            for reader in readers:
                found: "list[str]" = []
                result = reader(value, place, found)
                if not found:
                    return result
                first = first or found
            problems.extend(first)
            return None

        return read, {"anyOf": [schema for _, schema in options]}

    def _object(self, cls: type) -> "tuple[Reader, Json]":
        reference = {"$ref": f"#/$defs/{cls.__name__}"}
        if cls in self._readers:
            return (lambda value, place, problems: self._readers[cls](value, place, problems)), reference
        if cls.__name__ in self.definitions:
            raise TypeError(f"two dataclasses are named {cls.__name__}; rename one")
        self._readers[cls] = _anything
        self.definitions[cls.__name__] = {}
        hints = typing.get_type_hints(cls, include_extras=True)
        about, notes = _docs(cls)
        members, properties, required = {}, {}, []
        for field in dataclasses.fields(cls):
            if not field.init:
                continue
            reader, schema = self.of(hints[field.name])
            default, given = _default(field)
            name = _json.name_of(field)
            members[name] = (field.name, reader, given)
            note = {"description": notes[field.name]} if field.name in notes else {}
            properties[name] = {**schema, **note, **({"default": default} if default is not None else {})}
            if not given:
                required.append(name)
        schema = {"type": "object", **({"description": about} if about else {}), "properties": properties}
        schema.update({"required": required} if required else {})
        schema.update({"additionalProperties": False} if self.strict else {})
        self.definitions[cls.__name__] = schema
        self._readers[cls] = _dataclass(cls, members, self.strict)
        return self._readers[cls], reference


def _default(field: "dataclasses.Field[Any]") -> "tuple[Any, bool]":
    """A field's default as JSON, and whether it has one."""
    if field.default is not dataclasses.MISSING:
        value = field.default
    elif field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    else:
        return None, False
    return _json.loads(_json.dumps(value, f"the default of `{field.name}`")), True


def _docs(cls: type) -> "tuple[str, dict[str, str]]":
    """A class's docstring: what it says of the whole, and lines such as `hot: The score …` for fields."""
    text = cls.__doc__ or ""
    if text.startswith(f"{cls.__name__}("):
        return "", {}  # dataclasses write the signature where there is no docstring
    names = {field.name for field in dataclasses.fields(cls)}
    about, notes, current = [], {}, None
    for line in map(str.strip, text.splitlines()):
        name, colon, rest = line.partition(":")
        if colon and name in names:
            notes[name], current = rest.strip(), name
        elif not line:
            current = None
        elif current:
            notes[current] += f" {line}"
        else:
            about.append(line)
    return " ".join(about), notes


def _dataclass(cls: type, members: "dict[str, tuple[str, Reader, bool]]", strict: bool) -> Reader:
    def read(value: Any, place: str, problems: "list[str]") -> Any:
        if type(value) is not dict:
            problems.append(_wrong(place, "an object", value))
            return None
        before, given = len(problems), {}
        for name, (attribute, reader, optional) in members.items():
            if name in value:
                given[attribute] = reader(value[name], _below(place, name), problems)
            elif not optional:
                problems.append(f"{_below(place, name)}: it is missing")
        if strict:
            unknown = [name for name in value if name not in members]
            problems.extend(f"{_below(place, name)}: there is no such setting" for name in unknown)
        if len(problems) > before:
            return None
        try:
            return cls(**given)
        except (ValueError, TypeError) as error:
            problems.append(f"{place}: {error}")
            return None

    return read


def _anything(value: Any, place: str, problems: "list[str]") -> Any:
    return value


def _plain(accepted: "tuple[type, ...]", expected: str, convert: "Callable[[Any], Any] | None" = None) -> Reader:
    def read(value: Any, place: str, problems: "list[str]") -> Any:
        if type(value) in accepted:
            try:
                return convert(value) if convert else value
            except (ValueError, OverflowError):
                pass
        problems.append(_wrong(place, expected, value))
        return None

    return read


def _whole(value: Any) -> int:
    if type(value) is float and not value.is_integer():
        raise ValueError
    return int(value)


def _one_of(values: "list[Any]", make: "Callable[[Any], Any] | None") -> "tuple[Reader, Json]":
    def read(value: Any, place: str, problems: "list[str]") -> Any:
        if not any(type(value) is type(known) and value == known for known in values):
            shown = ", ".join(json.dumps(known, ensure_ascii=False) for known in values)
            problems.append(f"{place}: expected one of {shown}")
            return None
        return make(value) if make else value

    return read, {"enum": values}


def _list(reader: Reader, make: type) -> Reader:
    def read(value: Any, place: str, problems: "list[str]") -> Any:
        if type(value) is not list:
            problems.append(_wrong(place, "a list", value))
            return None
        return make(reader(item, _below(place, str(at)), problems) for at, item in enumerate(value))

    return read


def _map(reader: Reader) -> Reader:
    def read(value: Any, place: str, problems: "list[str]") -> Any:
        if type(value) is not dict:
            problems.append(_wrong(place, "an object", value))
            return None
        if reader is _anything:
            return value
        return {name: reader(item, _below(place, name), problems) for name, item in value.items()}

    return read


def _below(place: str, name: str) -> str:
    """`config` and `hot` make "config at `hot`"; "config at `a`" and `b` make "config at `a.b`"."""
    return f"{place[:-1]}.{name}`" if place.endswith("`") else f"{place} at `{name}`"


def _wrong(place: str, expected: str, value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False) if isinstance(value, (int, float, str)) else ""
    return f"{place}: expected {expected}, got {kind(value)}{f' ({shown})' if 0 < len(shown) <= 60 else ''}"


def _is(origin: Any, *names: str) -> bool:
    return getattr(origin, "__module__", "") == "collections.abc" and getattr(origin, "__name__", "") in names


def _refers(schema: Any, name: str) -> bool:
    if isinstance(schema, dict):
        return schema.get("$ref") == f"#/$defs/{name}" or any(_refers(part, name) for part in schema.values())
    return isinstance(schema, list) and any(_refers(part, name) for part in schema)


_SCALARS = {
    bool: (_plain((bool,), "true or false"), {"type": "boolean"}),
    int: (_plain((int, float), "an integer", _whole), {"type": "integer"}),
    float: (_plain((int, float), "a number", float), {"type": "number"}),
    str: (_plain((str,), "a string"), {"type": "string"}),
}
