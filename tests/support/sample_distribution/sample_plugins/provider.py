"""A provider that gives the same verdict to every question."""

from harness.records.calls import Reply

SUMMARY = "the same verdict for every question"
SETTINGS = {"says": "A"}
IS_FREE = True


def model_id(name, entry, spec_folder):
    return f"sample:{entry['says']}"


def connect(model, context):
    return Connection(model.settings["says"])


class Connection:
    def __init__(self, says):
        self.says = says

    async def send(self, call):
        return Reply(f"This one is better.\nVerdict: {self.says}", prompt_tokens=1, completion_tokens=1)

    async def close(self):
        pass
