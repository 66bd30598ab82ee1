import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import type { QueueRecord, RecordAttribute, SourceQueue } from '../domain/processing/record.ts';

/**
 * The queue a record came from. Its URL is made from its ARN (`arn:aws:sqs:REGION:ACCOUNT:NAME`), so that a function
 * needs no other word of its source.
 */
export function sourceQueueOf({ eventSourceARN }: SQSRecord): SourceQueue {
  const [, partition, , region, account, name = ''] = eventSourceARN.split(':');
  const suffix = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  return { url: `https://sqs.${region}.${suffix}/${account}/${name}`, fifo: name.endsWith('.fifo') };
}

/** A record as the domain knows it. */
export function queueRecordOf(record: SQSRecord): QueueRecord {
  const { messageId, receiptHandle, body, attributes, messageAttributes = {} } = record;
  return {
    id: messageId,
    receiptHandle,
    body,
    sentAt: Number(attributes.SentTimestamp),
    receiveCount: Number(attributes.ApproximateReceiveCount),
    groupId: attributes.MessageGroupId,
    sequenceNumber: attributes.SequenceNumber,
    traceHeader: attributes.AWSTraceHeader,
    attributes: Object.fromEntries(
      Object.entries(messageAttributes).map(
        ([name, { dataType, stringValue, binaryValue }]): [string, RecordAttribute] => [
          name,
          { dataType, text: stringValue, binary: binaryValue },
        ],
      ),
    ),
  };
}

/** Tells Lambda which records the queue must hand out again; it deletes the others. */
export function batchResponse(failedIds: readonly string[]): SQSBatchResponse {
  return { batchItemFailures: failedIds.map((itemIdentifier) => ({ itemIdentifier })) };
}
