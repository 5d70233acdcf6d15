"""What types become: JSON Schemas, values, and errors that name the place."""

import unittest
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Literal, Optional, Union

from weir_action import Schema
from weir_action._types import Shapes


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Line:
    """A line of an order.

    sku: What is bought,
        and in which size.
    """

    sku: str
    count: Annotated[int, Schema(minimum=1)] = 1


@dataclass
class Order:
    lines: list[Line]
    note: Optional[str] = None
    colour: Colour = Colour.RED
    first: str = field(default="", metadata={"json": "first-name"})
    extra: dict[str, float] = field(default_factory=dict)


@dataclass
class Tree:
    children: "list[Tree]" = field(default_factory=list)


def read(hint: Any, value: Any, strict: bool = False) -> Any:
    """The value, or what is wrong with it."""
    problems: list[str] = []
    result = Shapes(strict).root(hint)[0](value, "input", problems)
    return problems or result


class TypesTest(unittest.TestCase):
    def test_a_dataclass_becomes_a_schema(self) -> None:
        schema = Shapes(strict=True).root(Order)[1]
        self.assertEqual(schema["required"], ["lines"])
        self.assertEqual(schema["additionalProperties"], False)
        self.assertEqual(schema["properties"]["lines"], {"type": "array", "items": {"$ref": "#/$defs/Line"}})
        self.assertEqual(schema["properties"]["colour"], {"enum": ["red", "blue"], "default": "red"})
        self.assertEqual(schema["properties"]["extra"]["additionalProperties"], {"type": "number"})
        line = schema["$defs"]["Line"]
        self.assertEqual(line["description"], "A line of an order.")
        self.assertEqual(line["properties"]["sku"]["description"], "What is bought, and in which size.")
        self.assertEqual(line["properties"]["count"], {"type": "integer", "minimum": 1, "default": 1})

    def test_values_become_objects(self) -> None:
        given = {"lines": [{"sku": "A1", "count": 2.0}], "colour": "blue", "first-name": "Ada", "extra": {"x": 1}}
        order = read(Order, given)
        self.assertEqual(order, Order([Line("A1", 2)], None, Colour.BLUE, "Ada", {"x": 1.0}))
        self.assertEqual(read(Tree, {"children": [{}]}), Tree([Tree()]))
        self.assertEqual(read(Any, {"x": [None]}), {"x": [None]})
        self.assertEqual(read(Union[int, str], "7"), "7")
        self.assertEqual(read(tuple[int, ...], [1, 2]), (1, 2))

    def test_errors_name_the_place(self) -> None:
        for hint, value, wrong in (
            (Order, {"lines": [{"sku": 5}]}, ["input at `lines.0.sku`: expected a string, got an integer (5)"]),
            (Order, {}, ["input at `lines`: it is missing"]),
            (Order, {"lines": {}}, ["input at `lines`: expected a list, got an object"]),
            (Literal["a", 1], True, ['input: expected one of "a", 1']),
            (int, True, ["input: expected an integer, got a boolean (true)"]),
            (float, float("1e999"), float("inf")),
        ):
            self.assertEqual(read(hint, value), wrong)
        self.assertEqual(read(Line, {"sku": "", "size": 1}, strict=True), ["input at `size`: there is no such setting"])

    def test_what_json_lacks_is_refused(self) -> None:
        for hint in (bytes, set[int], dict[int, str], tuple[int, str]):
            with self.assertRaisesRegex(TypeError, "is no type that JSON has"):
                Shapes(strict=False).root(hint)


if __name__ == "__main__":
    unittest.main()
