import { Duration, Stack } from 'aws-cdk-lib';
import { AlarmStatusWidget, Dashboard, TextWidget, type IAlarm, type IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { CallersPanel } from './dashboard/callers.ts';
import { DeadLettersPanel } from './dashboard/dead-letters.ts';
import { rowHeight, wholeWidth } from './dashboard/graph.ts';
import { MessagesPanel } from './dashboard/messages.ts';
import { ResourcesPanel } from './dashboard/resources.ts';
import type { Watched } from './watched.ts';

export interface LatencyDashboardProps extends Watched {
  alarms: readonly IAlarm[];
}

/**
 * What operators look at: how long each stage of a message takes, and whatever can be in its way, from the sender's request to the last
 * subscriber's socket. Names of dashboards are those of an account: the stack of production has the plain one.
 */
export class LatencyDashboard extends Construct {
  private readonly props: LatencyDashboardProps;

  constructor(scope: Construct, id: string, props: LatencyDashboardProps) {
    super(scope, id);
    this.props = props;
    const { environment } = props.settings;
    const name = 'WebSocketNotificationService-Latency';
    new Dashboard(this, 'Latency', {
      dashboardName: environment === 'production' ? name : `${name}-${environment}`,
      defaultInterval: Duration.hours(3),
      widgets: [
        [this.introduction()],
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...props.alarms], width: wholeWidth, height: rowHeight })],
        ...new MessagesPanel(this, 'Messages', props).rows(),
        ...new CallersPanel(this, 'Callers', props).rows(),
        ...new DeadLettersPanel(this, 'DeadLetters', props).rows(),
        ...new ResourcesPanel(this, 'Resources', props).rows(),
      ],
    });
  }

  private introduction(): IWidget {
    const { settings } = this.props;
    const slow = settings.alarms.slowDelivery.toSeconds();
    return new TextWidget({
      width: wholeWidth,
      height: 5,
      markdown: [
        `# ${Stack.of(this).stackName}`,
        `A message: **published** (the topic has it), **committed** (in history, with its number), **first post**, **delivered** (the last post). All times begin with the publishing. Slow is what takes longer than ${slow} s.`,
        `What to do about an alarm: [the runbook](${settings.runbook}#alarms). Dead letters: [look](${settings.runbook}#look), [redrive](${settings.runbook}#redrive). One message's journey: its \`messageId\` is in the logs of every function it passed.`,
      ].join('\n\n'),
    });
  }
}
