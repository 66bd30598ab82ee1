export {
  receiveMultiPart,
  type MultiPartHandlers,
  type MultiPartReceiver,
  type ReceiveFailure,
  type ReceiveMultiPartOptions,
  type ReceiveProgress,
} from './receive.ts';
export { sendMultiPart, type MultiPartProgress, type SendMultiPartOptions, type SentMultiPart } from './send.ts';
export type { MultiPartContent } from './format.ts';
export type { ReceivedContent } from './whole.ts';
