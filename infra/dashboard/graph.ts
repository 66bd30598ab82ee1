import { GraphWidget, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';

/** Columns of a dashboard. */
export const wholeWidth = 24;
export const rowHeight = 6;

/** Four of them fill a row. */
export function graph(
  title: string,
  metrics: readonly IMetric[],
  unit?: 'ms' | 's' | '%',
  width = wholeWidth / 4,
): GraphWidget {
  const leftYAxis = { min: 0, showUnits: false, ...(unit && { label: unit }) };
  return new GraphWidget({ title, left: [...metrics], leftYAxis, width, height: rowHeight });
}
