/** One message received from a queue. */
export interface QueueRecord {
  /** The queue's id; it changes with a redrive, and is no identity of the message. */
  id: string;
  receiptHandle: string;
  body: string;
  /** When it came to the queue, in epoch milliseconds. */
  sentAt: number;
  /** 1 on the first receive. */
  receiveCount: number;
  attributes: Record<string, RecordAttribute>;
  /** On a standard queue it says whose messages these are, and nothing of their order. */
  groupId?: string | undefined;
  /** FIFO only. */
  sequenceNumber?: string | undefined;
  /** X-Ray's, of whoever sent it. */
  traceHeader?: string | undefined;
}

/** A message attribute; `binary` in base64. */
export interface RecordAttribute {
  dataType: string;
  text?: string | undefined;
  binary?: string | undefined;
}

/** The queue a batch came from. */
export interface SourceQueue {
  url: string;
  fifo: boolean;
}
