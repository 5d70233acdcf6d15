"""An action as the bindings of `componentize-py` want it. It must not decide anything: `_action` and `_failure` do."""

from typing import Any

from componentize_py_types import Err  # type: ignore[import-not-found]
from wit_world.imports import manifest, types  # type: ignore[import-not-found]

from weir_action import _failure, _inside, http, kv, secrets
from weir_action._action import Action, Use
from weir_action.context import Context

_inside.install()


def world(action: Action) -> type:
    """The class whose methods are the component's exports."""

    class WitWorld:
        """World `action` of `weir:action@1.0.0`."""

        def describe(self) -> manifest.ActionInfo:
            return manifest.ActionInfo(
                name=action.name,
                title=action.title,
                version=action.version,
                description=action.description,
                config_schema=action.config_schema,
                input_schema=action.input_schema,
                output_schema=action.output_schema,
                branches=action.branches,
                capabilities=[_capability(use) for use in action.uses],
            )

        def validate(self, config: str) -> None:
            _inside.start(action.name)
            findings = [_failure.clean(str(finding)) for finding in action.validate(config)]
            _inside.end()
            if findings:
                raise Err(findings)

        def run(self, ctx: types.Context, config: str, input: str) -> types.Output:
            try:
                _inside.start(f"{ctx.execution}/{ctx.step}/{ctx.attempt}")
                result = action.run(_context(ctx), config, input)
            except BaseException as error:  # SystemExit too: it would abort the action without a word
                failure = _failure.of(error)
            else:
                return types.Output(payload=result.payload, branch=result.branch)
            finally:
                _inside.end()
            raise Err(_error(failure))

    return WitWorld


def _capability(use: Use) -> Any:
    if isinstance(use, kv.Bucket):
        return manifest.Capability_Kv(use.name)
    if isinstance(use, secrets.Secret):
        return manifest.Capability_Secret(use.name)
    if isinstance(use, http.Host):
        return manifest.Capability_Http(manifest.HttpScope(use.host, use.methods))
    return manifest.Capability_Variables()


def _context(ctx: types.Context) -> Context:
    return Context(
        tenant=ctx.tenant,
        flow=ctx.flow,
        flow_version=ctx.flow_version,
        step=ctx.step,
        run=ctx.execution,
        attempt=ctx.attempt,
        time_left=ctx.deadline_ms / 1000,
        idempotency_key=ctx.idempotency_key,
    )


def _error(failure: _failure.Failure) -> Any:
    if failure.kind == "invalid":
        return types.ActionError_Invalid(failure.text)
    if failure.kind == "retryable":
        return types.ActionError_Retryable(types.Retry(failure.text, failure.after_ms))
    return types.ActionError_Failed(failure.text)
