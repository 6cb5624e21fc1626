// `confidence` in words.

import { list, rec, type OispEvent } from './event';

const COMPLETENESS: Record<string, string> = {
  full: 'All of it was captured.',
  partial: 'Some of it was not captured.',
  metadata_only: 'Only the facts around it were captured, not the content.',
  redacted: 'All of it was captured; redaction took parts out before it was stored.',
  sampled: 'It stands for others that were left out by sampling.',
  vendor_reported: 'It was reported by the vendor, not observed.',
};

const REASONS: Record<string, string> = {
  bytes_lost: 'Bytes of the connection were lost before the sensor could read them.',
  body_over_limit: 'The body was longer than the sensor keeps.',
  content_coding_broken: 'The body could not be decompressed.',
  body_not_readable: 'The body was not in a form that the sensor knows.',
  connection_closed: 'The connection was closed before its end.',
  stream_reset: 'The stream was reset before its end.',
  malformed: 'The connection broke the rules of its protocol.',
  capture_ended: 'The capture ended before it did.',
  joined_midway: 'The sensor joined the connection after it had begun.',
};

const MISSING: Record<string, string> = {
  status_code: 'the HTTP status',
  choices: 'parts of the answer',
  usage: 'the token counts',
  latency_ms: 'the time it took',
  model: 'the model',
  messages: 'the messages',
  request_body: 'the request',
  response_body: 'the answer',
};

/** How far the event can be trusted, one sentence a line. */
export function confidenceWords(event: OispEvent): string[] {
  const confidence = rec(event.raw.confidence);
  const known = COMPLETENESS[String(confidence.completeness)];
  const reasons = strings(confidence.reasons).flatMap((reason) => REASONS[reason] ?? `Reason: ${plain(reason)}.`);
  const missing = strings(confidence.missing).map((field) => MISSING[field] ?? plain(field));
  return [
    known ?? 'How much of it was captured is not known.',
    ...reasons,
    ...(missing.length > 0 ? [`Missing: ${missing.join(', ')}.`] : []),
    ...strings(confidence.limitations).map((limit) => `Limit: ${plain(limit)}.`),
  ];
}

function strings(value: unknown): string[] {
  return list(value).flatMap((each) => (typeof each === 'string' ? [each] : []));
}

function plain(name: string): string {
  return name.replaceAll('_', ' ');
}
