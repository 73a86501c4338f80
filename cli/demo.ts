import { dateOf } from '../shared/period.ts';
import { allPlanned, dueToStop, play, type Story, stoppedOf, storyDay, timesOn } from './demo-story.ts';
import { storyText } from './demo-text.ts';
import { type CommonOptions, printJson } from './options.ts';
import { openSession } from './session.ts';
import { print } from './terminal.ts';

/** `demo`: one Monday on the sample account, through the stack's own functions. */
export async function demoCommand(options: CommonOptions): Promise<void> {
  const started = performance.now();
  const times = timesOn(options.now === undefined ? storyDay : dateOf(options.now));
  const session = await openSession({ ...options, sample: true, now: times.spend });
  const { sample } = session;
  if (!sample) throw new Error('The demo runs on the sample account');
  try {
    const story = await play({ ...session, sample }, times);
    if (options.format === 'json') printJson(toJson(story));
    else print(storyText(story, { ...session, sample }, performance.now() - started));
  } finally {
    await session.close();
  }
}

const toJson = (story: Story) => ({
  spend: story.spend,
  findings: story.findings,
  warned: story.warned,
  due: dueToStop(story).map(({ subject }) => subject.id),
  stopped: stoppedOf(story).map(({ subject }) => subject.id),
  kept: allPlanned(story)
    .filter(({ decision }) => ['keep', 'defer'].includes(decision.action))
    .map(({ subject, decision }) => ({ instanceId: subject.id, ...decision })),
});
