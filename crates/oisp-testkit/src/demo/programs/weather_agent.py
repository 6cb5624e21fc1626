"""Plans a day out: asks the model, runs the tool it calls, asks again."""

import json
import sys

from loopback import Loopback, post

ADDRESS, CA = sys.argv[1:3]
HEADERS = {"authorization": "Bearer sk-proj-demo0000000000000000", "user-agent": "weather-agent/1.0"}
TOOLS = [{
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather forecast for a place and a day.",
        "parameters": {
            "type": "object",
            "properties": {"location": {"type": "string"}, "day": {"type": "string"}},
            "required": ["location", "day"],
        },
    },
}]


def get_weather(location, day):
    return {"location": location, "day": day, "sky": "clear", "high_c": 17, "low_c": 6, "wind_kmh": 12, "rain_chance": 0.1}


def ask(connection, messages):
    body = {"model": "gpt-4o-mini", "messages": messages, "tools": TOOLS, "temperature": 0.2}
    response = post(connection, "/v1/chat/completions", HEADERS, body)
    return json.load(response)["choices"][0]["message"]


def main():
    connection = Loopback("api.openai.com", ADDRESS, CA)
    messages = [
        {"role": "system", "content": "You plan outings. Check the weather before you promise anything."},
        {"role": "user", "content": "We'd like to hike up the Uetliberg on Saturday with two kids. Good idea? 🥾"},
    ]
    while True:
        message = ask(connection, messages)
        messages.append(message)
        if not message.get("tool_calls"):
            print(message["content"])
            return
        for call in message["tool_calls"]:
            result = get_weather(**json.loads(call["function"]["arguments"]))
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": json.dumps(result)})


main()
