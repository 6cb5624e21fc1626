"""Looks after a machine: streams an answer, runs the command it asks for, and
streams the conclusion. Only the commands listed here are ever run."""

import json
import subprocess
import sys

from loopback import Loopback, post

ADDRESS, CA = sys.argv[1:3]
HEADERS = {
    "x-api-key": "sk-ant-api03-demo0000000000000000",
    "anthropic-version": "2023-06-01",
    "user-agent": "disk-agent/1.0",
}
ALLOWED = {"df -h /": ["df", "-h", "/"]}
TOOLS = [{
    "name": "run_command",
    "description": "Run a read-only shell command and return its output.",
    "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]},
}]


def events(response):
    for line in response:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


def ask(connection, messages):
    """The content blocks of one streamed answer."""
    body = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 1024,
        "stream": True,
        "system": "You keep a small web server healthy. Look before you answer.",
        "tools": TOOLS,
        "messages": messages,
    }
    blocks = []
    for event in events(post(connection, "/v1/messages", HEADERS, body)):
        if event["type"] == "content_block_start":
            blocks.append({**event["content_block"], "json": ""})
        elif event["type"] == "content_block_delta":
            add(blocks[event["index"]], event["delta"])
    return [finished(block) for block in blocks]


def add(block, delta):
    if delta["type"] == "text_delta":
        block["text"] += delta["text"]
    elif delta["type"] == "thinking_delta":
        block["thinking"] += delta["thinking"]
    elif delta["type"] == "signature_delta":
        block["signature"] += delta["signature"]
    elif delta["type"] == "input_json_delta":
        block["json"] += delta["partial_json"]


def finished(block):
    arguments = block.pop("json")
    if block["type"] == "tool_use":
        block["input"] = json.loads(arguments or "{}")
    return block


def run_command(command):
    if command not in ALLOWED:
        return "refused: this agent may not run that"
    return subprocess.run(ALLOWED[command], capture_output=True, text=True, check=False, timeout=10).stdout


def main():
    connection = Loopback("api.anthropic.com", ADDRESS, CA)
    messages = [{"role": "user", "content": "Deploys fail with “No space left on device”. How full is the disk?"}]
    while True:
        blocks = ask(connection, messages)
        messages.append({"role": "assistant", "content": blocks})
        results = [
            {"type": "tool_result", "tool_use_id": block["id"], "content": run_command(block["input"]["command"])}
            for block in blocks
            if block["type"] == "tool_use"
        ]
        if not results:
            print("".join(block.get("text", "") for block in blocks))
            return
        messages.append({"role": "user", "content": results})


main()
