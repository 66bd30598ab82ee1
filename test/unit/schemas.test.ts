import { toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { Envelope, readEnvelope, UnreadableEnvelope, writeEnvelope } from '../../functions/domain/protocol/envelope.ts';
import { PublishRequest, reservedPayloadFields } from '../../functions/domain/protocol/publish-request.ts';
import { HttpPublishReply, SocketError, SocketPublishReply } from '../../functions/domain/protocol/replies.ts';
import { envelope } from './support/events.ts';

describe('the message schemas', () => {
  test.each([
    ['PublishRequest', PublishRequest],
    ['HttpPublishReply', HttpPublishReply],
    ['SocketPublishReply', SocketPublishReply],
    ['SocketError', SocketError],
    ['Envelope', Envelope],
  ])('%s has a JSON Schema', (_name, schema) => {
    // Rules between fields and reserved names have no counterpart there.
    expect(toJsonSchema(schema, { errorMode: 'ignore' })).toMatchObject({ $schema: expect.any(String) });
  });

  test('an envelope comes out as it went in', () => {
    const odd = envelope({ payload: { content: '\uFFFE\uFFFF\u0000 👋', constructor: 1, number: 1e300 } });
    expect(readEnvelope(writeEnvelope(odd))).toEqual(odd);
    expect(v.is(Envelope, odd)).toBe(true);
  });

  test.each(reservedPayloadFields)('an envelope whose payload says %s itself cannot be read', (field) => {
    expect(() => readEnvelope(writeEnvelope(envelope({ payload: { [field]: null } })))).toThrow(
      new UnreadableEnvelope(`not an envelope: payload.${field} is reserved`),
    );
  });
});
