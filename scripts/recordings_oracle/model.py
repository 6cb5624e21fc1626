"""What an exchange must decode to, and the rules that all APIs share."""

import json


class Either:
    """More than one value is right: the schema and the design leave it open."""

    def __init__(self, *values):
        self.values = values

    def __repr__(self):
        return " or ".join(map(repr, self.values))


class Any:
    """Nothing is held against this."""

    def __repr__(self):
        return "anything"


ANY = Any()


class Call:
    """A call to a model: what its ai.request and ai.response must say."""

    def __init__(self, api, provider, kind, model=None):
        self.api, self.provider, self.kind = api, provider, kind
        self.model, self.streaming = model, False
        self.messages, self.tools = [], []
        self.loose_messages = False
        self.answer_model = None
        self.choices, self.finish, self.raw_finish = {}, {}, {}
        self.tool_calls, self.usage, self.error = [], {}, None
        self.failed = self.optional = False
        self.status = None

    def say(self, role, text, tool_call_id=None):
        """Adds a message of the request."""
        self.messages.append((ROLES.get(role, role), text or "", tool_call_id))

    def end(self, index, raw):
        """Notes why an alternative ended."""
        if raw is not None:
            self.raw_finish[index] = raw
            self.finish[index] = FINISH.get(raw.lower(), "other")

    def call(self, name, arguments, call_id=None, kind="function"):
        """Adds a tool call of the answer."""
        self.tool_calls.append((call_id, name, kind, parsed(arguments)))

    def asks_for_tools(self):
        return any(kind == "function" for _, _, kind, _ in self.tool_calls)

    def fail(self, message):
        """The answer is, or holds, an error."""
        self.error, self.failed = message, True


ROLES = {
    "developer": "system", "model": "assistant", "function": "tool",
    "SYSTEM": "system", "USER": "user", "CHATBOT": "assistant", "TOOL": "tool",
}

FINISH = {
    word: normal
    for normal, words in {
        "stop": "stop end_turn stop_sequence complete completed eos eos_token endoftext finish finished end_of_text",
        "length": "length max_tokens maximum_tokens max_output_tokens model_context_window_exceeded",
        "tool_calls": "tool_calls tool_call tool_use function_call",
        "content_filter": "content_filter content_filtered refusal safety recitation guardrail_intervened blocklist prohibited_content spii",
        "error": "error error_toxic error_limit failed malformed_function_call",
    }.items()
    for word in words.split()
}


def parsed(arguments):
    """An object where it is or parses as one, else the text."""
    if isinstance(arguments, str):
        try:
            value = json.loads(arguments)
        except ValueError:
            return arguments
        return value if isinstance(value, dict) else arguments
    return arguments if arguments is not None else ""


def texts(content, kinds=("text", "input_text", "output_text"), joint="\n"):
    """The text of a content: a string, or the text parts of a list."""
    if content is None or isinstance(content, str):
        return content or ""
    parts = (part if isinstance(part, str) else part.get("text") for part in content
             if isinstance(part, str) or part.get("type", "text") in kinds)
    return joint.join(part for part in parts if isinstance(part, str))


def tool_names(tools):
    """The name of each tool; one that the provider runs may have none of its own."""
    return [(tool.get("function") or tool).get("name") or ANY for tool in tools or []]


def error_message(body):
    """The provider's words in an error body of any of the known forms."""
    if not isinstance(body, dict):
        return None
    error = body.get("error")
    if isinstance(error, dict):
        return error.get("message")
    if isinstance(error, str):
        return error
    return body.get("message") or body.get("detail") or body.get("Message")


def whole(number):
    """A count; some APIs write it as 28.0."""
    return int(number) if isinstance(number, (int, float)) and not isinstance(number, bool) else None


def usage(prompt=None, completion=None, total=None, cached=None, reasoning=None):
    """Counts by the schema's names. A sum that the provider did not give may be there or not."""
    prompt, completion, total, cached, reasoning = map(whole, (prompt, completion, total, cached, reasoning))
    if total is None and prompt is not None and completion is not None:
        total = Either(None, prompt + completion)
    return {
        "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total,
        "cached_tokens": cached, "reasoning_tokens": reasoning,
    }
