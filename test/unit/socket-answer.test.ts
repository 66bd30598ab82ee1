import { jest } from '@jest/globals';
import type { Context } from 'aws-lambda';
import { answerSocket } from '../../functions/entry/socket.ts';
import { socketMessage } from './support/events.ts';

const context = { awsRequestId: 'request-1' } as Context;

test('an ackId nested without end is refused as one that is too long, and nothing is done', async () => {
  const event = socketMessage({ userId: 'ada', connectionId: 'c1' }, {}, '$default');
  const body = `{"action":"sendMessage","ackId":${'['.repeat(60_000)}${']'.repeat(60_000)}}`;
  const done = jest.fn();
  const answer = await answerSocket({ ...event, body }, context, 'Failed', async () => {
    done();
    return Promise.resolve({});
  });
  expect(answer).toEqual({
    statusCode: 400,
    body: JSON.stringify({
      type: 'error',
      error: 'Invalid ackId: expected at most 1024 characters of JSON, got an array.',
      statusCode: 400,
    }),
  });
  expect(done).not.toHaveBeenCalled();
});
