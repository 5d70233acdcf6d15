"""Facts about the call. It must not reach out to the host: everything came with the call."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Context:
    """Where and why the action is running. Ask for it with a parameter named `context`.

    The defaults are those of a unit test: the first attempt of a draft's step named `test`.

        @action(name="whoami")
        def whoami(context: Context) -> str:
            return f"step {context.step} of {context.flow}"
    """

    #: The tenant.
    tenant: str = "default"
    #: The flow's name.
    flow: str = "test"
    #: The flow's version; 0 for a draft.
    flow_version: int = 0
    #: The step's id.
    step: str = "test"
    #: The run's id.
    run: str = "00000000-0000-7000-8000-000000000000"
    #: Which attempt this is, from 1.
    attempt: int = 1
    #: The time that was left when the call began, in seconds.
    time_left: float = 10.0
    #: The same for every attempt of this step in this run: send it to services that deduplicate.
    idempotency_key: str = "test"
