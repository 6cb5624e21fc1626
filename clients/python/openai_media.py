"""The OpenAI SDK beside conversations: completions, embeddings, images, speech
and transcriptions. What is no text is reported by its length."""

import base64
import time

import common
import openai

MODES = ["completions", "completions-stream", "embeddings", "images", "speech", "transcription", "transcription-stream"]
MODELS = {
    "completions": "gpt-3.5-turbo-instruct",
    "embeddings": "text-embedding-3-small",
    "images": "gpt-image-1",
    "speech": "gpt-4o-mini-tts",
    "transcription": "gpt-4o-transcribe",
}


def main():
    args = common.options(MODES, None, __doc__)
    api, _, stream = args.mode.partition("-")
    args.model = args.model or MODELS[api]
    client = openai.OpenAI(api_key=args.key, base_url=args.base_url, max_retries=0)
    for call in range(args.calls):
        began, prompt = time.monotonic(), common.prompt(args, call)
        try:
            seen = globals()[api](client, args.model, prompt, bool(stream))
        except openai.APIError as error:
            seen = {"error": {"status": getattr(error, "status_code", None), "message": str(error)}}
        common.report(args.mode, call, began, **seen)


def completions(client, model, prompt, stream):
    if not stream:
        answer = client.completions.create(model=model, prompt=prompt)
        choice = answer.choices[0]
        return told(answer.model, choice.text, common.openai_usage(answer.usage), choice.finish_reason)
    text, usage, finish = "", None, None
    for chunk in client.completions.create(model=model, prompt=prompt, stream=True, stream_options={"include_usage": True}):
        usage = common.openai_usage(chunk.usage) or usage
        for choice in chunk.choices:
            text += choice.text
            finish = choice.finish_reason or finish
    return told(chunk.model, text, usage, finish)


def embeddings(client, model, prompt, _stream):
    answer = client.embeddings.create(model=model, input=[prompt, "A second text."], dimensions=256)
    lengths = [len(item.embedding) for item in answer.data]
    assert lengths == [256, 256], lengths
    return told(answer.model, "", {"input": answer.usage.prompt_tokens, "output": 0}, None)


def images(client, model, prompt, _stream):
    answer = client.images.generate(model=model, prompt=prompt, n=2)
    for image in answer.data:
        assert base64.b64decode(image.b64_json).startswith(b"\x89PNG"), "a PNG"
    return told(None, "", {"input": answer.usage.input_tokens, "output": answer.usage.output_tokens}, None)


def speech(client, model, prompt, _stream):
    sound = client.audio.speech.create(model=model, voice="alloy", input=prompt).read()
    assert sound.startswith(b"ID3"), "an MP3"
    return told(None, "", None, None)


def transcription(client, model, prompt, stream):
    file = ("note.wav", b"RIFF\x24\x00\x00\x00WAVE" + bytes(range(256)), "audio/wav")
    body = {"model": model, "file": file, "prompt": prompt}
    if not stream:
        answer = client.audio.transcriptions.create(**body)
        return told(None, answer.text, used(answer.usage), None)
    text, usage = "", None
    for event in client.audio.transcriptions.create(**body, stream=True):
        if event.type == "transcript.text.delta":
            text += event.delta
        elif event.type == "transcript.text.done":
            assert event.text == text, "the deltas are the text"
            usage = used(event.usage)
    return told(None, text, usage, None)


def used(usage):
    return {"input": usage.input_tokens, "output": usage.output_tokens}


def told(model, text, usage, finish):
    return {"model": model, "text": text, "usage": usage, "finish": finish}


main()
