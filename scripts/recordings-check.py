#!/usr/bin/env python3
"""Holds the events of recorded exchanges to a reading of the recordings that knows nothing of the decoder.

usage: recordings-check.py RECORDINGS.ndjson[.gz] EVENTS.jsonl [--all] [--only SUBSTRING] [--show]

EVENTS are those that `recordings FILE --events EVENTS.jsonl` writes. --all names every recording of a
disagreement instead of the first few, --only takes the recordings whose id or URL holds SUBSTRING, --show prints
what each call is expected to say. Exit status: 0 nothing disagrees, or there are no recordings; 1 something does;
2 usage.

The reading follows the event schema, the design's choices and the usage arithmetic of the APIs' own documents.
Where they are silent, it takes these choices; "or" means that both are let pass:

Requests
 1. A prompt of a completion API is one user message; a list of prompts one message each; the legacy prompts
    "\\n\\nHuman: … \\n\\nAssistant:" are not taken apart. An image's prompt is a user message.
 2. Messages of embeddings and rankings are held to nothing.
 3. `streaming` absent is false. Bedrock's streams are told by the path, Gemini's too; Ollama streams unless told
    not to. watsonx: by the path.
 4. A host that is not known, localhost too, is other; Ollama's native paths name it. Azure's model is the deployment in the
    path, even where the body names another.
 5. Replicate: owner/name from the path; a version hash in the body is the model or is left out; the request type
    is other, chat, completion or image, for the wire does not say.
 6. Text-generation endpoints (Hugging Face, SageMaker) name no model; SageMaker's endpoint name may stand for it.
 7. Request types: Responses, converse, messages, generateContent are chat; Titan, AI21, Cohere and Llama on
    Bedrock, watsonx, Aleph Alpha, text generation, Ollama generate are completion; rerank is other.
 8. Cohere v1: preamble first, then chat_history, then message.
 9. Anthropic: each tool_result is a message of its own, before what else the user message says. A user message
    that holds only results makes no further message. Bedrock converse likewise.
10. Responses and Gemini: assistant messages without text are not held to anything, so that function_call items
    may be messages of their own or not.
11. Bedrock's guardContent text is text.
12. `tools_count`: functions of the legacy form count; Gemini's declarations count one each; none is 0 or absent.

Answers
13. An empty text and an absent one are the same. Embeddings and images have no choices; those of rankings and of
    predictions are held to nothing.
14. Finish words: eos, eos_token, endoftext, FINISH, COMPLETE, end_turn, stop_sequence are stop;
    maximum_tokens, MAX_TOKENS, max_output_tokens are length; guardrail_intervened is content_filter; a word
    that is not known is other. Responses: status `completed` is stop, incomplete_details.reason decides where it
    is there; the raw word may be either.
15. A message with `refusal` finishes as content_filter, whatever word was sent; the raw word stays.
16. Ollama without done_reason: stop or absent.
17. A legacy function_call is a tool call without id.
18. A tool call that the provider ran (Responses' *_call items): its item's id, the item's type; name and
    arguments are held to nothing.
19. An `error` object in a 200 answer is an error: success is false.
    Where such an answer names no finish reason, it is absent or error.
20. Titan's guardrail action does not change the finish reason; its completionReason does.
21. Bedrock's answer names no model unless the inner answer does; Aleph Alpha's model_version may be the model.
22. Runs of stored threads that answer as a stream call a model, and may be left out; all else of assistants and
    threads calls none. A prediction that is asked for again (GET) makes no event.

Usage
23. A total that the provider does not give is absent or the sum. Converse's totalTokens may be given as sent, or
    with the cache's tokens.
24. Cohere: billed_units; cached_tokens is a subset. search_units are no tokens.
25. Bedrock: what the body does not give may come from the x-amzn-bedrock-*-token-count headers, or be absent.
26. Writer's and Mistral's prompt_token_details / completion_token_details (singular) may be read or not.
27. Groq's stream: x_groq.usage. DeepSeek: prompt_cache_hit_tokens where prompt_tokens_details is absent.
28. An API that gives a total only (Voyage): prompt is absent or the total.
29. Anthropic's stream: the usage of message_delta replaces, field by field, that of message_start.
30. watsonx's stream: input from the event that gives it, output from the last.
"""

import collections
import gzip
import json
import pathlib
import sys

from recordings_oracle import compare, route
from recordings_oracle.wire import Recording

SHOWN = 4


def recordings(path, only):
    opened = gzip.open(path, "rt") if path.read_bytes()[:2] == b"\x1f\x8b" else path.open()
    with opened as lines:
        for line in lines:
            recording = Recording(line)
            if only is None or only in recording.id or only in recording.url:
                yield recording


def events_of(path):
    """The events by recording."""
    events = collections.defaultdict(list)
    with path.open() as lines:
        for line in lines:
            event = json.loads(line)
            events[event["attrs"]["recording.id"]].append(event)
    return events


def brief(value):
    text = repr(value)
    return text if len(text) <= 300 else text[:150] + " … " + text[-150:]


def show(recording, call):
    print(recording.id)
    for name, value in sorted(vars(call).items()):
        print(f"    {name}: {brief(value)}")


def check(found, events, options):
    """Disagreements by field and API; how many calls were held, and what could not be read."""
    wrong, held, skipped = collections.defaultdict(list), collections.Counter(), []
    for recording in found:
        if recording.method == "POST" and recording.request and recording.ask() is None and "json" in recording.asked.get("content-type", "json"):
            skipped.append(recording.id)
            continue
        call = route.expected(recording)
        held[call.api if call else "no AI traffic"] += 1
        if options["show"] and call:
            show(recording, call)
        for one in compare.of_exchange(call, events.get(recording.id, [])):
            wrong[one.field, call.api if call else "no AI traffic"].append((recording.id, one))
    return wrong, held, skipped


def report(wrong, held, skipped, everything):
    print("held to the reading:")
    for api, count in sorted(held.items()):
        print(f"  {api}: {count}")
    if skipped:
        print(f"not held, for the recorded request is said to be JSON and is none: {len(skipped)}")
        for name in skipped:
            print(f"  {name}")
    for (field, api), cases in sorted(wrong.items()):
        print(f"\n{field}, {api}: {len(cases)} disagree")
        for name, one in cases if everything else cases[:SHOWN]:
            print(f"  {name}\n    expected {brief(one.expected)}\n    found    {brief(one.found)}")
    total = sum(map(len, wrong.values()))
    print(f"\n{sum(held.values())} exchanges, {total} disagreements")


def options_of(words):
    options = {"all": False, "show": False, "only": None, "paths": []}
    words = iter(words)
    for word in words:
        if word in ("--all", "--show"):
            options[word[2:]] = True
        elif word == "--only":
            options["only"] = next(words, None)
        else:
            options["paths"].append(pathlib.Path(word))
    wrong = len(options["paths"]) != 2 or any(str(path).startswith("-") for path in options["paths"])
    return None if wrong else options


def main():
    options = options_of(sys.argv[1:])
    if options is None:
        print(__doc__, file=sys.stderr)
        return 2
    found, events = options["paths"]
    if not found.exists():
        print(f"skipped: {found}: there are no recordings here")
        return 0
    wrong, held, skipped = check(recordings(found, options["only"]), events_of(events), options)
    if not held:
        print("no recording was held to anything", file=sys.stderr)
        return 1
    report(wrong, held, skipped, options["all"])
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
