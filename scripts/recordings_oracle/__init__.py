"""What recorded exchanges must decode to, read without the decoder.

wire.py takes bodies and streams apart; openai.py, anthropic.py, bedrock.py and
others.py say what an API's call means; route.py finds the API of an exchange;
compare.py holds events to it.
"""
