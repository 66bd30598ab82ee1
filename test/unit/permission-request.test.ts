import { InvalidRequest } from '../../functions/domain/protocol/errors.ts';
import { parseGrantRequest } from '../../functions/domain/protocol/permission-request.ts';

const grant = { targetUserId: 'dora', chatId: 'chat-1' };

describe('when a permission is to end', () => {
  test.each(['2100-01-01T00:00:00Z', '2100-01-01T00:00:00.000+05:30', '2100-01-01T00:00:00+0530'])(
    '%s is a time',
    (expiresAt) => {
      expect(parseGrantRequest({ ...grant, expiresAt })).toEqual({ ...grant, expiresAt });
    },
  );

  test.each(['2100-01-01T00:00:00+05', '2100-01-01', '2100-13-01T00:00:00Z', 'tomorrow', ''])(
    '%j is none',
    (expiresAt) => {
      expect(() => parseGrantRequest({ ...grant, expiresAt })).toThrow(
        new InvalidRequest(`Invalid expiresAt: expected a time in ISO 8601, got ${JSON.stringify(expiresAt)}.`),
      );
    },
  );
});
