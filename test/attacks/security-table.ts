/** A row of the attack table in SECURITY.md. */
export type TableRow = {
  attack: string;
  answer: string;
  /** The test that makes it, from the project's root. */
  test: string;
  /** Words of that test, by which it is found. */
  named: string;
};

const attacks = 'test/attacks';
const contract = 'test/integration/contract';
const graphql = 'test/integration/graphql';

/** Every attack that is made, here or where a test of something else makes it anyway. */
export const attackTable: TableRow[] = [
  // Who asks
  {
    attack:
      'Tokens: `alg: none`, HS256 with the public key, foreign or unknown keys, another issuer, client or use, ended, not yet valid, without an end, changed, cut, over 8,192 characters',
    answer: '401, nothing opens; the same over HTTP, except that the gateway looks at neither use nor length',
    test: `${contract}/connect.test.ts`,
    named: 'HS256 with the public key as its secret',
  },
  {
    attack:
      'The same tokens over GraphQL and in `authenticate`; somebody else’s; two that differ, in the query, the subprotocol and the header',
    answer:
      '401; 403; the one that counts is checked like any other, and nobody is two people. AppSync does not look at the use',
    test: `${attacks}/tokens.ts`,
    named: 'a second Authorization header, of a member',
  },
  {
    attack: 'A machine’s token to open sockets, grant or ask GraphQL',
    answer: '401',
    test: 'test/integration/machine-tokens.test.ts',
    named: 'GraphQL does not take it',
  },
  {
    attack: 'Somebody else’s `userId`; chats of others while connecting; more than 50 of them',
    answer: '403, no row is written',
    test: `${contract}/connect.test.ts`,
    named: 'somebody else’s username',
  },
  {
    attack: 'Repeated query parameters, encoded separators, NUL, line breaks, double encoding, bytes that are no UTF-8',
    answer: '403: what the authorizer read is what counts',
    test: `${attacks}/smuggling.ts`,
    named: 'a chat of others in a parameter that comes twice',
  },
  {
    attack: 'A page of another origin',
    answer: '403 where there is a list; tokens are never in cookies, so no page brings one along',
    test: `${contract}/origin.test.ts`,
    named: 'https://app.example.evil.example',
  },
  {
    attack: '`X-Forwarded-*`, `X-User-Id`, `X-Amzn-*`, method overrides',
    answer: 'not looked at: 403 as before',
    test: `${attacks}/smuggling.ts`,
    named: 'headers that say who asks: X-Forwarded-',
  },
  {
    attack: 'A socket whose token or permission has ended; a permission taken away while a subscription is made',
    answer: '401 or silence at that second; no row stays',
    test: 'test/integration/revocation.test.ts',
    named: 'revoked while connecting',
  },
  // What a request seems to be
  {
    attack: 'Two lengths, length and chunks, a request within a request, line breaks and NUL in headers',
    answer: '400 and one answer: nothing smuggled is run',
    test: `${attacks}/smuggling.ts`,
    named: 'a second request in the body of the first',
  },
  {
    attack: 'Upgrades to other protocols, of other paths, by POST, with keys, versions or subprotocols that are none',
    answer: '400 or 403 before any function runs',
    test: `${attacks}/smuggling.ts`,
    named: 'a subprotocol that comes twice',
  },
  {
    attack: 'Other spellings of the path, whole addresses, other methods, a Host of another',
    answer: '404; 400; 404; 403',
    test: `${attacks}/smuggling.ts`,
    named: 'another spelling of the path',
  },
  {
    attack: 'An address over 4,096 characters, headers over 10,240 bytes, bodies over 10 MB or without an end',
    answer: '414, 431, 413 before it is read',
    test: `${attacks}/payloads.ts`,
    named: 'in chunks without an end',
  },
  {
    attack: 'Compressed bodies, UTF-16, forms, JSON under another content type',
    answer: '400; the content type changes nothing',
    test: `${attacks}/payloads.ts`,
    named: 'a compressed body',
  },
  // Frames
  {
    attack: 'Frames without a mask, with reserved bits or opcodes, broken fragments and control frames, no UTF-8',
    answer: 'closed with 1002 or 1007',
    test: `${attacks}/frames.ts`,
    named: 'a message within a message',
  },
  {
    attack: 'Frames over 32 KB, real or claimed; messages over 128 KB',
    answer: 'closed with 1009, not looked at',
    test: `${attacks}/frames.ts`,
    named: 'it is not even looked at',
  },
  {
    attack: '`$connect`, `$disconnect` and `$default` as actions',
    answer: 'nothing opens or closes; 400',
    test: `${contract}/connect.test.ts`,
    named: "'$disconnect', '$connect'",
  },
  // What is said
  {
    attack:
      'What is no JSON object; every field wrong in every way; reserved fields and event types; ULIDs of the past and the future',
    answer: '400 in the words of docs/protocol.md',
    test: `${contract}/refusals.ts`,
    named: 'Reserved payload field',
  },
  {
    attack: '`__proto__`, `constructor`, `toString`, `hasOwnProperty` as fields, chats, actions, types and variables',
    answer: '400 where it is no field; otherwise names like others: nothing is inherited',
    test: `${attacks}/payloads.ts`,
    named: 'a payload whose fields are its prototype’s',
  },
  {
    attack: 'Millions of levels of nesting, 100,000 fields, 9 MB of words; numbers beyond a double',
    answer: '400, 413; where nobody looks, nothing happens',
    test: `${attacks}/payloads.ts`,
    named: '2,000,000 levels of nesting',
  },
  {
    attack:
      'Ids with separators, control characters, marks, look-alikes, or prefixes of other keys (`lock#`, `#waiting`, `!large`, `part#`)',
    answer: '400, `InvalidInput`: no such id reaches a table',
    test: `${attacks}/payloads.ts`,
    named: 'a redrive’s name that is none',
  },
  {
    attack: 'Chats of others to send to, listen to, read, or ask the head of',
    answer: '403, the same whether they exist or not; `notSubscribed`',
    test: `${attacks}/payloads.ts`,
    named: 'the head of a chat of others',
  },
  {
    attack: 'Secrets for names: of groups, of groups of parts, of channels, of kinds of events',
    answer: 'taken like others; none of them comes into a log, of workflows either',
    test: `${attacks}/payloads.ts`,
    named: 'secrets for names',
  },
  {
    attack: 'Another message under a used `messageId`; parts that contradict a group of others',
    answer: '409',
    test: `${contract}/deciding.test.ts`,
    named: 'with other words it is a conflict',
  },
  {
    attack: 'A message put on the topic past the publishers that poses as the service',
    answer: 'a dead letter, delivered to nobody',
    test: 'test/unit/process.test.ts',
    named: 'payload.senderId is reserved',
  },
  // GraphQL
  {
    attack: 'Every field as every kind of person, ended tokens included',
    answer: '`Forbidden` or `Unauthorized`, the same whether it exists or not',
    test: `${graphql}/who-may-what.test.ts`,
    named: 'const rows: Row[]',
  },
  {
    attack: 'Depth, aliases, batches, rings of fragments, fragments that double, page sizes',
    answer: 'refused; 20 fields a request are resolved',
    test: `${graphql}/limits.test.ts`,
    named: 'fragments in a ring are refused',
  },
  {
    attack: 'Introspection in production',
    answer: 'refused',
    test: `${graphql}/production.test.ts`,
    named: 'the schema is not shown',
  },
  {
    attack: '100,000 braces, fields or directives, requests over 1 MB, variables of 100,000 levels',
    answer: '400, 413, an error that names the variable',
    test: `${attacks}/graphql.ts`,
    named: '100,000 levels of braces',
  },
  {
    attack: 'Page tokens broken, of other fields, of other chats',
    answer: '`InvalidInput`',
    test: `${graphql}/page-tokens.test.ts`,
    named: 'is refused when it is broken',
  },
  {
    attack: 'Page tokens of others, forged with the right check',
    answer: '`Forbidden`: a token grants nothing, permission is asked for every page',
    test: `${attacks}/graphql.ts`,
    named: 'permission is asked every time',
  },
  {
    attack: 'A mutation by GET',
    answer: 'AppSync runs it, with a token in the header only: 401 without one, which is all a link can bring',
    test: `${attacks}/graphql.ts`,
    named: 'a mutation by GET',
  },
  // How much, how slow
  {
    attack: 'Headers, bodies and frames that never come to an end; sockets that never read',
    answer: 'others are served meanwhile; a socket that takes no messages is closed',
    test: `${attacks}/attacks.test.ts`,
    named: 'by clients that never come to an end',
  },
  {
    attack: 'One of fifty sockets that is slow, or takes nothing',
    answer: 'the others have the message before its post is over; it is closed after five tries',
    test: 'test/faults/slow-socket.test.ts',
    named: 'do not wait',
  },
  {
    attack: 'More than 20 connections of one user',
    answer: '429 until one of them closes',
    test: `${contract}/connect.test.ts`,
    named: 'until one of them closes',
  },
  {
    attack: 'Many connections of one user, opened at once',
    answer: 'counted again once they are there: the newest are refused; a few more than 20 may stay',
    test: `${attacks}/attacks.test.ts`,
    named: 'of connections opened at once',
  },
  {
    attack: 'More than 500 subscriptions of one connection',
    answer: 'refused one by one',
    test: 'test/unit/subscription.test.ts',
    named: 'a connection may have 500 subscriptions',
  },
  {
    attack: 'A flood of messages from one user, over both ways in',
    answer:
      '429 with `retryAfterMs`; the chat’s allowance is four times a user’s, and what is refused takes nothing of it',
    test: `${attacks}/attacks.test.ts`,
    named: 'of one user, over both ways in',
  },
  {
    attack: 'A flood of messages from many members, each within their allowance',
    answer: '429 beyond the chat’s; other chats are served',
    test: `${attacks}/attacks.test.ts`,
    named: 'of members, each within their allowance',
  },
  {
    attack: 'A flood of messages to a large chat, each of which is thousands of posts',
    answer: '429 beyond smaller allowances, of a member over all large chats and of the chat; other chats are served',
    test: `${attacks}/attacks.test.ts`,
    named: 'of a large chat: 429 beyond',
  },
  {
    attack: 'A flood of messages from strangers',
    answer: '403; neither allowance is touched',
    test: `${attacks}/attacks.test.ts`,
    named: 'of strangers: they spend nothing',
  },
  {
    attack: 'A flood of subscriptions',
    answer: '429 with `retryAfterMs` beyond what one user may make; others subscribe and connect',
    test: `${attacks}/attacks.test.ts`,
    named: 'of subscriptions: 429 beyond the allowance',
  },
  {
    attack: 'A flood of connections that come with chats',
    answer: '429 with `retryAfterMs` at the handshake, beyond the same allowance',
    test: `${attacks}/attacks.test.ts`,
    named: 'of connections that bring chats',
  },
  {
    attack: 'A flood of grants and revocations, over GraphQL and HTTP',
    answer: '`TooManyRequests`, 429 with `retryAfterMs`, beyond what one user may change; others’ take effect',
    test: `${attacks}/attacks.test.ts`,
    named: 'of changes of permissions, over both ways in',
  },
  {
    attack: 'People removed who have many sockets that take nothing',
    answer: 'they hear nothing more at once; nobody else’s removal waits for them',
    test: 'test/unit/permission-stream.test.ts',
    named: 'sockets that take nothing hold up nobody',
  },
  {
    attack: 'A flood of pings, replays, renewals, reports, or requests to unsubscribe',
    answer: 'the gateway’s throttle of that action; sending and the other actions have limits of their own',
    test: `${attacks}/attacks.test.ts`,
    named: 'the gateway takes no more than its limit',
  },
];
