"""The AWS SDK's Converse: plain, streamed in AWS's framing, and with tools in two
turns."""

import json
import time

import boto3
import botocore.config
import botocore.exceptions
import common

MODEL = "anthropic.claude-3-5-haiku-20241022-v1:0"
TOOL = {"toolSpec": {"name": common.TOOL, "description": common.TOOL_ABOUT, "inputSchema": {"json": common.TOOL_SCHEMA}}}


def main():
    args = common.options(["plain", "stream", "tools", "stream-tools"], MODEL, __doc__)
    client = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=args.base_url,
        aws_access_key_id="made-up",
        aws_secret_access_key="made-up",
        verify=args.ca,
        config=botocore.config.Config(retries={"total_max_attempts": 1}),
    )
    for call in range(args.calls):
        messages = [{"role": "user", "content": [{"text": common.prompt(args, call)}]}]
        more = {"toolConfig": {"tools": [TOOL]}} if args.mode.endswith("tools") else {}
        content = ask(client, args, call, messages, **more)
        calls = [block["toolUse"] for block in content if "toolUse" in block]
        if calls:
            messages += [{"role": "assistant", "content": content}, {"role": "user", "content": results(calls)}]
            ask(client, args, call, messages, **more)


def ask(client, args, call, messages, **more):
    """One turn. What was seen before an error is reported with it."""
    began, seen, content = time.monotonic(), {"model": None}, []
    body = {"modelId": args.model, "messages": messages, "system": [{"text": "Be brief. Grüße 🌤️"}], **more}
    try:
        if args.mode.startswith("stream"):
            for event in client.converse_stream(**body)["stream"]:
                add(seen, content, event)
        else:
            answer = client.converse(**body)
            content += answer["output"]["message"]["content"]
            seen.update(usage=used(answer["usage"]), finish=answer["stopReason"])
    except (botocore.exceptions.ClientError, botocore.exceptions.EventStreamError) as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        seen["error"] = {"status": status, "message": str(error)}
    seen["text"] = "".join(block.get("text", "") for block in content)
    calls = [block["toolUse"] for block in content if "toolUse" in block]
    seen["tool_calls"] = [(c["toolUseId"], c["name"], json.dumps(c["input"], ensure_ascii=False)) for c in calls]
    common.report(args.mode, call, began, **seen)
    return content


def add(seen, content, event):
    """Joins the events to the blocks that the plain answer has."""
    for kind, told in event.items():
        if kind == "contentBlockStart":
            content.append({"toolUse": {**told["start"]["toolUse"], "input": ""}})
        elif kind == "contentBlockDelta":
            add_delta(content, told["contentBlockIndex"], told["delta"])
        elif kind == "contentBlockStop" and "toolUse" in content[-1]:
            content[-1]["toolUse"]["input"] = json.loads(content[-1]["toolUse"]["input"])
        elif kind == "messageStop":
            seen["finish"] = told["stopReason"]
        elif kind == "metadata":
            seen["usage"] = used(told["usage"])


def add_delta(content, index, delta):
    """Only the blocks of tools have a start of their own."""
    if index == len(content):
        content.append({})
    block = content[index]
    if "text" in delta:
        block["text"] = block.get("text", "") + delta["text"]
    elif "toolUse" in delta:
        block["toolUse"]["input"] += delta["toolUse"]["input"]


def used(usage):
    cached = usage.get("cacheReadInputTokens", 0) + usage.get("cacheWriteInputTokens", 0)
    return {"input": usage["inputTokens"] + cached, "output": usage["outputTokens"]}


def results(calls):
    result = [{"json": json.loads(common.TOOL_RESULT)}]
    return [{"toolResult": {"toolUseId": call["toolUseId"], "content": result}} for call in calls]


main()
