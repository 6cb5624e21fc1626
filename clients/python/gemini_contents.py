"""The Google Gen AI SDK: plain, streamed as events, with tools in two turns, and
vectors; and the stream as one array, which the SDK does not ask for."""

import json
import time

import common
from google import genai
from google.genai import errors, types

MODES = ["plain", "stream", "tools", "stream-tools", "array", "embeddings"]
TOOLS = [{"function_declarations": [{"name": common.TOOL, "description": common.TOOL_ABOUT, "parameters_json_schema": common.TOOL_SCHEMA}]}]
SYSTEM = "Be brief. Grüße 🌤️"


def main():
    args = common.options(MODES, None, __doc__)
    args.model = args.model or ("gemini-embedding-001" if args.mode == "embeddings" else "gemini-2.5-flash")
    client = genai.Client(api_key=args.key, http_options={"base_url": args.base_url})
    for call in range(args.calls):
        prompt = common.prompt(args, call)
        if args.mode == "embeddings":
            embed(client, args, call, prompt)
        elif args.mode == "array":
            ask(array, client, args, call, [types.UserContent(prompt)], None)
        else:
            converse(client, args, call, prompt)


def converse(client, args, call, prompt):
    send = streamed if args.mode.startswith("stream") else plain
    contents = [types.UserContent(prompt)]
    tools = TOOLS if args.mode.endswith("tools") else None
    parts = ask(send, client, args, call, contents, tools)
    calls = [part.function_call for part in parts or () if part.function_call]
    if calls:
        contents.append(types.ModelContent(parts))
        contents.append(types.Content(role="user", parts=[result(each) for each in calls]))
        ask(send, client, args, call, contents, tools)


def result(called):
    response = json.loads(common.TOOL_RESULT)
    return types.Part(function_response=types.FunctionResponse(id=called.id, name=called.name, response=response))


def ask(send, client, args, call, contents, tools):
    """One turn. What was seen before an error is reported with it."""
    began, seen = time.monotonic(), {"parts": [], "usage": None, "finish": None, "model": None}
    error = None
    try:
        send(client, args, contents, tools, seen)
    except errors.APIError as failure:
        error = {"status": failure.code, "message": failure.message}
    texts = [part.text for part in seen["parts"] if part.text and not part.thought]
    calls = [part.function_call for part in seen["parts"] if part.function_call]
    common.report(
        args.mode,
        call,
        began,
        text="".join(texts),
        tool_calls=[(each.id, each.name, json.dumps(each.args, ensure_ascii=False)) for each in calls],
        usage=seen["usage"],
        finish=seen["finish"],
        model=seen["model"],
        error=error,
    )
    return seen["parts"]


def config(tools):
    off = types.AutomaticFunctionCallingConfig(disable=True)
    return types.GenerateContentConfig(system_instruction=SYSTEM, tools=tools, automatic_function_calling=off)


def plain(client, args, contents, tools, seen):
    add(seen, client.models.generate_content(model=args.model, contents=contents, config=config(tools)))


def streamed(client, args, contents, tools, seen):
    for chunk in client.models.generate_content_stream(model=args.model, contents=contents, config=config(tools)):
        add(seen, chunk)


def array(_client, args, contents, _tools, seen):
    import requests

    url = f"{args.base_url}/v1beta/models/{args.model}:streamGenerateContent"
    body = {"contents": [content.model_dump(exclude_none=True) for content in contents]}
    with requests.Session() as session:
        session.trust_env = False
        response = session.post(url, json=body, headers={"x-goog-api-key": args.key}, verify=args.ca, timeout=60)
    for chunk in response.json():
        add(seen, types.GenerateContentResponse.model_validate(chunk))


def add(seen, answer):
    candidate, usage = answer.candidates[0], answer.usage_metadata
    seen["parts"] += candidate.content.parts or []
    seen["finish"] = candidate.finish_reason.value if candidate.finish_reason else None
    seen["model"] = answer.model_version
    if usage.candidates_token_count is not None:
        output = usage.candidates_token_count + (usage.thoughts_token_count or 0)
        seen["usage"] = {"input": usage.prompt_token_count, "output": output}


def embed(client, args, call, prompt):
    began, error = time.monotonic(), None
    try:
        answer = client.models.embed_content(model=args.model, contents=[prompt, "A second text."])
        assert [len(each.values) for each in answer.embeddings] == [768, 768], "two vectors"
    except errors.APIError as failure:
        error = {"status": failure.code, "message": failure.message}
    common.report(args.mode, call, began, error=error)


main()
