import { expect, it } from 'vitest';
import { contentOf, splitFences, splitMarks } from './text';

it('takes text, redactions and anything else as content', () => {
  expect(contentOf('hello')).toEqual({ text: 'hello' });
  expect(contentOf(undefined)).toEqual({ text: '' });
  expect(contentOf([{ a: 1 }]).text).toContain('"a": 1');
  const redacted = {
    $redacted: { reason: 'pii_detected', original_length: 523, findings: [{ type: 'email', count: 2 }] },
  };
  expect(contentOf(redacted)).toEqual({
    text: '',
    redacted: { reason: 'pii_detected', detail: ['523 characters', '2 × email'] },
  });
});

it('cuts text at redaction marks and loses nothing else', () => {
  expect(splitMarks('key [REDACTED:api_key] and [REDACTED], [redacted]!')).toEqual([
    'key ',
    { mark: 'api_key' },
    ' and ',
    { mark: 'redacted' },
    ', ',
    { mark: 'redacted' },
    '!',
  ]);
  expect(splitMarks('[NOT_REDACTED] [REDACTED')).toEqual(['[NOT_REDACTED] [REDACTED']);
  expect(splitMarks('')).toEqual([]);
});

it('cuts text at code fences', () => {
  expect(splitFences('Run:\n```sh\nls -l\n```\nDone')).toEqual([
    { code: false, language: '', text: 'Run:' },
    { code: true, language: 'sh', text: 'ls -l' },
    { code: false, language: '', text: 'Done' },
  ]);
  expect(splitFences('```\nnever closed')).toEqual([{ code: true, language: '', text: 'never closed' }]);
  expect(splitFences('inline ``` stays')).toEqual([{ code: false, language: '', text: 'inline ``` stays' }]);
});
