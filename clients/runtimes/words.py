"""What the clients say: a prompt that is told apart from all others, long enough
for several reads, and the provider's answer of a known length."""

KEY = "sk-test-made-up-0000"
MODEL = "gpt-4o-mini"
FILLER = "Every byte of this prompt counts. " * 60


def prompt(label, number):
    return f"{FILLER}{label}-{number}. [[bytes=3000]]"
