import { expect, it } from 'vitest';
import { request, response } from '../calls/testing';
import { answeredMessages, askedMessages } from './conversation';

it('keeps the order and the roles of what was asked', () => {
  const messages = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Weather?', has_images: true, image_count: 2 },
    { role: 'assistant' },
    { role: 'tool', tool_call_id: 't1', content: '12 °C', name: 'weather' },
  ];
  const ext = {
    oisp: {
      input_messages: [
        {
          message: 2,
          role: 'assistant',
          parts: [
            { type: 'reasoning', content: 'I should look.' },
            { type: 'tool_call', id: 't1', name: 'weather', arguments: '{"city":"Oslo"}' },
          ],
        },
      ],
    },
  };
  const asked = askedMessages(request(1, { messages }, { ext }));
  expect(asked.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool']);
  expect(asked[1]?.attachments).toEqual(['2 images']);
  expect(asked[2]).toMatchObject({
    reasoning: ['I should look.'],
    toolUses: [{ id: 't1', name: 'weather', args: { city: 'Oslo' } }],
  });
  expect(asked[3]).toMatchObject({ toolCallId: 't1', name: 'weather', content: { text: '12 °C' } });
});

it('shows tool calls with the answer, also where there is no text', () => {
  const tool_calls = [{ id: 't1', name: 'run', type: 'function', arguments: 'not json' }];
  const [first, ...others] = answeredMessages(
    response(1, { choices: undefined, tool_calls, finish_reason: 'tool_calls' }),
  );
  expect(others).toEqual([]);
  expect(first).toMatchObject({ toolUses: [{ id: 't1', name: 'run', args: 'not json' }], finish: 'tool_calls' });
});

it('describes bytes by what is known of them', () => {
  const ext = {
    oisp: {
      input_messages: [
        { message: 1, parts: [{ type: 'blob', modality: 'image', mime_type: 'image/png', length: 2048 }] },
      ],
    },
  };
  expect(askedMessages(request(1, {}, { ext }))[1]?.attachments).toEqual(['image · image/png · 2,048 bytes']);
});

it('shows thinking and refusals of the answer', () => {
  const ext = {
    oisp: {
      output_messages: [
        {
          choice: 0,
          parts: [
            { type: 'reasoning', content: 'Hm.' },
            { type: 'refusal', content: 'No.' },
          ],
        },
      ],
    },
  };
  expect(answeredMessages(response(1, {}, { ext }))[0]).toMatchObject({ reasoning: ['Hm.'], refusal: ['No.'] });
});

it('outlives events of any shape', () => {
  const strange = request(
    1,
    { messages: [null, 7, { role: 3, content: { a: [1] } }] },
    { ext: { oisp: { input_messages: [1, { message: 'x' }] } } },
  );
  expect(askedMessages(strange).map(({ role }) => role)).toEqual(['unknown', 'unknown', 'unknown']);
  expect(answeredMessages(response(1, { choices: 'none', tool_calls: {} }))).toEqual([]);
});
