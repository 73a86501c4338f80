import { type CostExplorerClient, ProvideAnomalyFeedbackCommand } from '@aws-sdk/client-cost-explorer';
import { isThrottling } from './throttling.ts';

/**
 * Tells Cost Anomaly Detection what somebody said of one of its anomalies, from which it learns; the same a second time
 * changes nothing. Returns why AWS refused, where it would refuse it again; throws where another try may do.
 */
export async function tellAnomalyFeedback(
  client: CostExplorerClient,
  anomalyId: string,
  feedback: 'NO' | 'PLANNED_ACTIVITY',
): Promise<string | undefined> {
  try {
    await client.send(new ProvideAnomalyFeedbackCommand({ AnomalyId: anomalyId, Feedback: feedback }));
    return undefined;
  } catch (error) {
    if (!isFinal(error)) throw error;
    return error.message;
  }
}

/** AWS found fault with the request, and not with the number of requests. */
function isFinal(error: unknown): error is Error {
  if (!(error instanceof Error) || isThrottling(error) || error.name === 'LimitExceededException')
    return false;
  const { $fault } = (error.cause ?? error) as { $fault?: string };
  return $fault === 'client';
}
