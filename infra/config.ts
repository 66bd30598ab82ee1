import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Environment, Settings } from './settings.ts';

export const environments = ['dev', 'production', 'test'] as const satisfies readonly Environment[];

/** Seconds in which allowances are counted. */
export const windowSeconds = 10;

const dev: Settings = {
  environment: 'dev',
  logLevel: 'DEBUG',
  logRetention: RetentionDays.ONE_WEEK,
  removalPolicy: RemovalPolicy.DESTROY,
  deletionProtection: false,
  identity: {
    selfSignUp: true,
    passwordSignIn: true,
    tokenValidity: Duration.hours(1),
    refreshTokenValidity: Duration.days(30),
  },
  allowedOrigins: [],
  messageRetention: Duration.days(30),
  deadLetterRetention: Duration.days(14),
  connectionLifetime: Duration.minutes(150),
  youngConnection: Duration.seconds(30),
  // A chat takes four times what one of its members may send, so that no one member can use it up; and no more than the 300 a
  // second that SNS takes for one FIFO message group, which a chat is (AWS: "High throughput FIFO topics in Amazon SNS").
  rateLimit: {
    user: { perSecond: 50, burst: 500 },
    chat: { perSecond: 200, burst: 2_000 },
    // A message to a chat of a thousand is a thousand posts, and all workers together make 4,800 a second (`fanOut`): so
    // such a chat can take all of them, where its apps do not ask for batches, and no more. A larger one waits for itself;
    // others wait with it for as long as it goes on. A member has a fifth.
    largeChats: { user: { perSecond: 1, burst: 10 }, chat: { perSecond: 5, burst: 50 } },
    // Four clients of a user who comes back to 500 chats on each.
    subscriptions: { perSecond: 200, burst: 2_000 },
    // As many as messages. A chat of five hundred is filled, or emptied, at once.
    permissions: { perSecond: 50, burst: 500 },
  },
  functions: {
    // Memory buys CPU, one core for 1,769 MB (AWS: "Configure Lambda function memory"), and no function fills 128 MB: so
    // these sizes are CPU, by docs/performance.md. Loading takes 50 to 70 ms of a core: 512 MB make that a fifth of a
    // second for whoever waits in front of a function that starts, 256 MB would make it two.
    gatekeeper: { memorySize: 512, timeout: Duration.seconds(10) },
    publisher: { memorySize: 512, timeout: Duration.seconds(10) },
    // A post takes 0.09 ms of a core. 64 of them in the air, answered in 10 ms, are 6,400 a second, and 1,024 MB post as
    // many: with less, CPU would hold up what the network does not.
    sender: { memorySize: 1024, timeout: Duration.seconds(10) },
    // A slot of a hundred thousand subscribers has 1,600 connections, which at a worker's pace take some seconds. That
    // pace, 400 a second, is an eighth of what 512 MB can do.
    fanOut: { memorySize: 512, timeout: Duration.seconds(28) },
    // A plan reads for up to 20 seconds, and AppSync waits for 30.
    redriver: { memorySize: 512, timeout: Duration.seconds(28) },
  },
  processor: {
    batchSize: 10,
    maximumConcurrency: 10,
    visibilityTimeout: Duration.seconds(60),
    maxReceiveCount: 6,
    retries: [Duration.seconds(5), Duration.seconds(20)],
  },
  deliveryRetry: {
    batchSize: 10,
    maximumConcurrency: 5,
    visibilityTimeout: Duration.seconds(60),
    maxReceiveCount: 8,
    retries: [1, 2, 4, 8].map((seconds) => Duration.seconds(seconds)),
  },
  // API Gateway takes 10,000 requests a second of an account, for all it offers. What production lets in, all kinds at their
  // limits at once, stays under 30% of that, and the workers' pace under half. The rest is for processors and retries. They
  // have no pace, since what they post follows what is sent and to how many: peaks that meet are throttled. Then each
  // function posts with fewer requests at once, and a post that was refused three times takes its turn in the retry queue.
  // A message makes 64 jobs: in batches of ten, seven of the workers would have them all.
  fanOut: {
    batchSize: 3,
    maximumConcurrency: 12,
    visibilityTimeout: Duration.seconds(180),
    maxReceiveCount: 6,
    threshold: 1_000,
    postsPerSecond: 400,
  },
  // A revocation that could not be carried out in an hour needs no carrying out: a subscription ends with the token it was
  // made or renewed under, and without permission it is not renewed.
  // Whoever changes permissions as fast as they may keeps one of ten batches busy.
  permissionStream: { batchSize: 100, parallelBatches: 10, retryAttempts: 30, maxRecordAge: Duration.hours(1) },
  deadLetterRecorder: {
    batchSize: 10,
    maximumConcurrency: 2,
    visibilityTimeout: Duration.seconds(60),
    retry: Duration.seconds(10),
  },
  multiPart: { deadline: Duration.minutes(5), announcementGrace: Duration.minutes(1) },
  redrive: { lease: Duration.seconds(60), executionLife: Duration.minutes(4), retention: Duration.days(30) },
  auditRetention: RetentionDays.ONE_YEAR,
  throttling: {
    // AWS opens at most 500 sockets a second for the whole account.
    connect: { rateLimit: 50, burstLimit: 100 },
    frames: { rateLimit: 500, burstLimit: 1000 },
    actions: {
      authenticate: { rateLimit: 500, burstLimit: 1000 },
      ping: { rateLimit: 500, burstLimit: 1000 },
      replay: { rateLimit: 500, burstLimit: 1000 },
      report: { rateLimit: 500, burstLimit: 1000 },
      subscribe: { rateLimit: 500, burstLimit: 1000 },
      unsubscribe: { rateLimit: 500, burstLimit: 1000 },
    },
    publish: { rateLimit: 200, burstLimit: 400 },
  },
  alarms: {
    slowDelivery: Duration.seconds(3),
    // A hundred thousand subscribers, at the workers' pace and in their batches of slots, are served in 24 seconds.
    slowLargeDelivery: Duration.seconds(30),
    // A client that does not read has its post refused five times in a minute, and loses its socket. Of traffic that matters a
    // tenth is more than such clients make.
    failedPosts: { share: 0.1, besides: 10 },
    // Whoever comes back with a token that has ended is refused once and let in with the next: these two are even.
    refusals: 30,
    timeoutShare: 0.8,
    queueAge: {
      // The last try of a record that keeps failing begins after 25 seconds.
      messages: Duration.minutes(2),
      deliveryRetries: Duration.minutes(2),
      slots: Duration.minutes(2),
    },
    streamAge: Duration.seconds(30),
    // A processor whose memory of a chat's head is stale loses once and then knows it: that is how it learns.
    contention: 300,
    // On-demand tables throttle for some seconds while they grow, and what is throttled is tried again.
    tableThrottles: 10,
  },
  runbook: 'docs/operations.md',
};

const production: Settings = {
  ...dev,
  environment: 'production',
  logLevel: 'INFO',
  logRetention: RetentionDays.THREE_MONTHS,
  removalPolicy: RemovalPolicy.RETAIN,
  deletionProtection: true,
  identity: { ...dev.identity, selfSignUp: false, passwordSignIn: false, refreshTokenValidity: Duration.days(7) },
  // The standard and the FIFO queue have so many processors each, and as many chats are served at once.
  processor: { ...dev.processor, maximumConcurrency: 20 },
  // Together under 30% of the account's 10,000 requests a second.
  throttling: {
    connect: { rateLimit: 400, burstLimit: 400 },
    frames: { rateLimit: 700, burstLimit: 1400 },
    actions: {
      authenticate: { rateLimit: 50, burstLimit: 200 },
      // A client pings once a minute.
      ping: { rateLimit: 400, burstLimit: 1600 },
      // One client that comes back may ask for hundreds of pages.
      replay: { rateLimit: 150, burstLimit: 1200 },
      // A sample of what is delivered: more tell no more.
      report: { rateLimit: 50, burstLimit: 200 },
      subscribe: { rateLimit: 150, burstLimit: 600 },
      unsubscribe: { rateLimit: 50, burstLimit: 200 },
    },
    publish: { rateLimit: 500, burstLimit: 1000 },
  },
};

/** As dev, with waits a test can sit out; still within what AWS accepts. */
const test: Settings = {
  ...dev,
  environment: 'test',
  youngConnection: Duration.seconds(2),
  // A chat is large from a twentieth of the subscribers on, and so takes twenty times the messages.
  rateLimit: {
    ...dev.rateLimit,
    largeChats: { user: { perSecond: 10, burst: 100 }, chat: { perSecond: 40, burst: 400 } },
  },
  functions: {
    ...dev.functions,
    sender: { ...dev.functions.sender, timeout: Duration.seconds(4) },
    fanOut: { ...dev.functions.fanOut, timeout: Duration.seconds(4) },
  },
  processor: {
    ...dev.processor,
    visibilityTimeout: Duration.seconds(24),
    retries: [Duration.seconds(1), Duration.seconds(1)],
  },
  deliveryRetry: {
    ...dev.deliveryRetry,
    visibilityTimeout: Duration.seconds(24),
    retries: [1, 1, 1, 1].map((seconds) => Duration.seconds(seconds)),
  },
  fanOut: { ...dev.fanOut, visibilityTimeout: Duration.seconds(24), threshold: 50 },
  permissionStream: { ...dev.permissionStream, retryAttempts: 2 },
  deadLetterRecorder: {
    ...dev.deadLetterRecorder,
    visibilityTimeout: Duration.seconds(24),
    retry: Duration.seconds(1),
  },
  multiPart: { deadline: Duration.seconds(6), announcementGrace: Duration.seconds(2) },
  redrive: { ...dev.redrive, lease: Duration.seconds(3), executionLife: Duration.seconds(5) },
  // What a test can bring about in the two seconds that a minute of its alarms takes.
  alarms: {
    ...dev.alarms,
    slowLargeDelivery: Duration.seconds(3),
    refusals: 5,
    queueAge: { ...dev.alarms.queueAge, messages: Duration.seconds(8) },
    contention: 5,
  },
};

/**
 * The settings of one environment.
 *
 * @throws when no environment has that name
 */
export function settingsOf(name: string): Settings {
  const settings = [dev, production, test].find(({ environment }) => environment === name);
  if (!settings) throw new Error(`Unknown environment "${name}": expected one of ${environments.join(', ')}.`);
  return settings;
}

/** Durations as functions take them: whole seconds, comma separated. */
export function inSeconds(durations: Duration[]): string {
  return durations.map((duration) => duration.toSeconds()).join(',');
}
