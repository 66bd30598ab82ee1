import { Construct } from 'constructs';
import { allow, indexOf } from './allow.ts';
import { inSeconds } from './config.ts';
import { ExpressWorkflow } from './express-workflow.ts';
import type { Messaging } from './messaging.ts';
import type { Settings } from './settings.ts';
import type { Tables } from './tables.ts';

export interface MultiPartProps {
  settings: Settings;
  /** Folder that holds the definitions. */
  definitions: string;
  tables: Tables;
  messaging: Messaging;
}

/** What concludes groups of parts: one workflow for each group, and one that finds groups which wait too long. */
export class MultiPart extends Construct {
  /** ARN of the workflow that the processor starts for a group. */
  readonly completionArn: string;

  constructor(scope: Construct, id: string, props: MultiPartProps) {
    super(scope, id);
    this.completionArn = this.completion(props).arn;
    this.expiry(props).startEvery('1 minute');
  }

  private completion({ settings, definitions, tables, messaging }: MultiPartProps): ExpressWorkflow {
    const [standardTopicArn, fifoTopicArn] = [messaging.standard.topic.topicArn, messaging.fifo.topic.topicArn];
    return new ExpressWorkflow(this, 'Completion', {
      name: 'multipart-completion',
      definitions,
      settings,
      substitutions: {
        MultiPartTable: tables.multiPart.tableName,
        AnnouncementGraceSeconds: inSeconds([settings.multiPart.announcementGrace]),
        StandardTopicArn: standardTopicArn,
        FifoTopicArn: fifoTopicArn,
      },
      permissions: [
        allow(['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'], tables.multiPart.tableArn),
        allow(['sns:Publish'], standardTopicArn, fifoTopicArn),
      ],
    });
  }

  private expiry({ settings, definitions, tables }: MultiPartProps): ExpressWorkflow {
    return new ExpressWorkflow(this, 'Expiry', {
      name: 'multipart-expiry',
      definitions,
      settings,
      substitutions: { MultiPartTable: tables.multiPart.tableName, MultiPartCompletionArn: this.completionArn },
      permissions: [
        allow(['dynamodb:Query'], indexOf(tables.multiPart.tableArn, 'openGroups')),
        allow(['states:StartExecution'], this.completionArn),
      ],
    });
  }
}
