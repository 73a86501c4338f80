import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockFaults } from '../../cli/sample/slack-limits.ts';
import type { Alert } from '../../shared/alert/alert.ts';
import type { Conversation } from '../../shared/alert/conversation.ts';
import { handleOf } from '../../shared/alert/identity.ts';
import { type SlackMessage, toSlackMessage, toSlackReply, type View } from '../../shared/alert/slack.ts';
import { alertOf } from '../support/alert.ts';

describe('a message in Slack', () => {
  it('says what, how much, why and what to do', () => {
    expect(toSlackMessage(alertOf())).toEqual({
      text: '🔴 EC2 in ml-dev costs $786 a day more than expected',
      blocks: [
        {
          type: 'header',
          text: {
            type: 'plain_text',
            text: '🔴 EC2 in ml-dev costs $786 a day more than expected',
            emoji: false,
          },
        },
        {
          type: 'section',
          text: {
            type: 'plain_text',
            text: 'Since Friday 2026-11-13, almost certainly: a p4d.24xlarge that nobody stopped.',
            emoji: false,
          },
        },
        {
          type: 'section',
          fields: [
            { type: 'mrkdwn', text: '*Account*\nml-dev (210987654321)', verbatim: true },
            { type: 'mrkdwn', text: '*Expected*\n$64.20 a day', verbatim: true },
          ],
        },
        {
          type: 'section',
          text: {
            type: 'plain_text',
            text: '• p4d.24xlarge i-0a1b2c3d4e5f60718: $32.77 an hour',
            emoji: false,
          },
        },
        {
          type: 'section',
          text: {
            type: 'mrkdwn',
            text: '*What to do*\nStop i-0a1b2c3d4e5f60718, or tag it auto-stop:keep-until if it is needed.',
            verbatim: true,
          },
        },
        {
          type: 'section',
          text: {
            type: 'mrkdwn',
            text: '<https://console.aws.amazon.com/costmanagement/home#/cost-explorer|Cost Explorer>',
            verbatim: true,
          },
        },
        {
          type: 'context',
          elements: [
            {
              type: 'plain_text',
              text: 'spend-anomaly  ·  210987654321  ·  eu-west-1  ·  search  ·  incident/p4d/opened  ·  2026-11-16 06:00:00Z',
              emoji: false,
            },
          ],
        },
      ],
    });
  });

  it.each([
    ['critical', '🔴'],
    ['warning', '🟠'],
    ['info', '🔵'],
  ] as const)('is marked as %s with %s', (severity, mark) => {
    expect(toSlackMessage(alertOf({ severity, title: 'Idle' })).text).toBe(`${mark} Idle`);
  });

  it('pages nobody, whoever is named in a tag', () => {
    const hostile = '<!channel> <@U024BE7LH> <https://evil.example|click> & co';
    const message = toSlackMessage(
      alertOf({
        title: hostile,
        summary: hostile,
        facts: [{ label: hostile, value: hostile }],
        action: hostile,
      }),
    );
    expect(JSON.stringify(message)).not.toMatch(/<[!@#]|<https:..evil/);
    expect(textsOf(message)[0]).toBe(
      '🔴 &lt;!channel&gt; &lt;@U024BE7LH&gt; &lt;https://evil.example|click&gt; &amp; co',
    );
  });

  it.each([
    ['*bold*', '\u200B*\u200Bbold\u200B*\u200B'],
    ['_italic_', '\u200B_\u200Bitalic\u200B_\u200B'],
    ['`code`', '\u200B`\u200Bcode\u200B`\u200B'],
    ['~gone~', '\u200B~\u200Bgone\u200B~\u200B'],
    ['snake_case_name', 'snake_case_name'],
    ['> said', '\u200B&gt; said'],
    ['', '–'],
    ['🤖 Ünïcode', '🤖 Ünïcode'],
  ])('shows the value %j as it is', (value, shown) => {
    const message = toSlackMessage(alertOf({ facts: [{ label: 'Team', value }] }));
    expect(message.blocks[2]).toEqual({
      type: 'section',
      fields: [{ type: 'mrkdwn', text: `*Team*\n${shown}`, verbatim: true }],
    });
  });

  it('cuts a value of 5,000 characters with an ellipsis, between two characters', () => {
    const message = toSlackMessage(alertOf({ facts: [{ label: 'Team', value: '🤖&'.repeat(2500) }] }));
    const value = textsOf(message)[2] ?? '';
    expect(value.length).toBeLessThanOrEqual(2000);
    expect(value.length).toBeGreaterThan(1950);
    expect(value).toMatch(/^\*Team\*\n(🤖&amp;)+🤖?…$/u);
  });

  it('cuts a long list, and says how many it left out', () => {
    const items = Array.from({ length: 27 }, (_, index) => `i-${index}`);
    expect(textsOf(toSlackMessage(alertOf({ items }))).filter((text) => /•|more$/.test(text))).toEqual([
      '• i-0\n• i-1\n• i-2\n• i-3\n• i-4\n• i-5\n• i-6\n• i-7\n• i-8\n• i-9',
      '• i-10\n• i-11\n• i-12\n• i-13\n• i-14\n• i-15\n• i-16\n• i-17\n• i-18\n• i-19',
      '… and 7 more',
    ]);
  });

  it('leaves out what is empty, but never the title', () => {
    const message = toSlackMessage(
      alertOf({ title: ' ', summary: '', facts: [], items: [], action: '\n', links: [] }),
    );
    expect(message.blocks.map(({ type }) => type)).toEqual(['header', 'context']);
    expect(message.text).toBe('🔴 –');
  });

  it.each([
    ['https://a.example/?x=1&y=<2>|3', '<https://a.example/?x=1&amp;y=%3C2%3E%7C3|See>'],
    ['javascript:alert(1)', undefined],
    ['not an address', undefined],
    [`https://a.example/${'x'.repeat(3000)}`, undefined],
  ])('links to %s as %s', (url, link) => {
    const texts = textsOf(toSlackMessage(alertOf({ links: [{ label: 'See', url }] })));
    expect(texts.find((text) => text.includes('See'))).toBe(link);
  });

  it('quotes what looks like a command, but for ours in what to do', () => {
    const command = 'aws ec2 stop-instances --region eu-west-1 --instance-ids i-0a1b2c3d4e5f60718';
    const message = toSlackMessage(
      alertOf({
        title: command,
        summary: `Budget\n${command}`,
        facts: [{ label: 'Owner', value: command }],
        items: [command],
        action: `Stop it.\n${command}\naws iam create-user; id`,
      }),
    );
    const strings = [...JSON.stringify(message).matchAll(/"text":("(?:[^"\\]|\\.)*")/g)];
    const lines = strings.flatMap(([, text = '""']) => (JSON.parse(text) as string).split('\n'));
    expect(lines.filter((line) => line.startsWith('aws '))).toEqual([command]);
    expect(lines.filter((line) => line.includes('> aws') || line.includes('&gt; aws'))).toHaveLength(3);
  });
});

const nasty = fc.constantFrom(
  ...[
    '<!channel>',
    '<!here|x>',
    '<@U1>',
    '<#C1>',
    '&',
    '&lt;',
    '<',
    '>',
    '|',
    '*b*',
    '_',
    '`',
    '```',
    '~',
    '\n',
  ],
  ...['\u0000', '\u202E', '\uD800', '👩‍👩‍👧', ':aws:', '<https://x|y>'],
);
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.oneof(nasty, fc.string()), { maxLength: 30 }).map((parts) => parts.join('')),
  fc.tuple(nasty, fc.integer({ min: 0, max: 1500 })).map(([part, times]) => part.repeat(times)),
);
const address = fc.oneof(
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  anyText,
  anyText.map((text) => `https://a.example/${text}`),
);
const anyAlert: fc.Arbitrary<Alert> = fc.record({
  id: anyText,
  subject: anyText,
  kind: fc.constantFrom('spend-anomaly', 'aws-notice'),
  severity: fc.constantFrom('info', 'warning', 'critical'),
  at: fc.constant('2026-11-16T06:00:00Z'),
  title: anyText,
  summary: anyText,
  facts: fc.array(fc.record({ label: anyText, value: anyText }), { maxLength: 30 }),
  items: fc.array(anyText, { maxLength: 30 }),
  action: anyText,
  links: fc.array(fc.record({ label: anyText, url: address }), { maxLength: 10 }),
  owner: anyText,
});

const anyTime = fc
  .integer({ min: 1_700_000_000, max: 1_900_000_000 })
  .map((seconds) => new Date(seconds * 1000).toISOString());
const by = fc.oneof(fc.constantFrom('U0123456789', 'W0123456', 'mei'), anyText);
const said = { at: anyTime, by };
const anyConversation: fc.Arbitrary<Conversation> = fc.record(
  {
    subject: anyText,
    version: fc.nat(),
    isOpen: fc.boolean(),
    openedAt: anyTime,
    at: anyTime,
    alertId: anyText,
    kind: fc.constant('spend-anomaly' as const),
    severity: fc.constantFrom('info' as const, 'critical' as const),
    title: anyText,
    acknowledged: fc.record(said),
    snoozed: fc.record({ ...said, until: anyTime }),
    answered: fc.record({
      ...said,
      answer: fc.constantFrom('expected' as const, 'not-an-anomaly' as const),
      until: anyTime,
      reason: anyText,
    }),
    escalatedAt: anyTime,
  },
  {
    requiredKeys: ['subject', 'version', 'isOpen', 'openedAt', 'at', 'alertId', 'kind', 'severity', 'title'],
  },
);
const anyView: fc.Arbitrary<View> = fc.record(
  { conversation: anyConversation, note: anyText, marker: fc.string({ minLength: 1, maxLength: 255 }) },
  { requiredKeys: [] },
);
const anyMessage = fc
  .tuple(
    anyAlert,
    fc.record(
      {
        step: fc.constantFrom('opened' as const, 'recovered' as const, 'acknowledged' as const),
        by,
        account: anyText,
        region: anyText,
        team: anyText,
        inThreadOf: anyText,
      },
      { requiredKeys: [] },
    ),
    anyView,
    fc.constantFrom(toSlackMessage, toSlackReply),
  )
  .map(([alert, more, view, format]) => format({ ...alert, ...more }, view));

describe('whatever stands in an alert, and whatever was said of it', () => {
  it('the message and its replies stay within the limits of Block Kit, and every text has something in it', () => {
    fc.assert(
      fc.property(anyMessage, ({ text, blocks }) => {
        expect(blockFaults(blocks)).toEqual([]);
        expect(text.trim()).not.toBe('');
        expect(text.length).toBeLessThanOrEqual(3000);
        for (const each of textsOf({ text, blocks })) expect(each.trim()).not.toBe('');
      }),
      { numRuns: 300 },
    );
  });

  it('nobody is mentioned but who has answered, no entity is cut, and only our own links link', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        for (const text of [message.text, ...textsOf(message)]) {
          const ours = /<https?:\/\/[^<>|\s]+\|[^<>]*>|<@[UW][A-Z0-9]{5,20}>|<!date\^\d+\^[^<>|]*\|[^<>]*>/g;
          expect(text.replace(ours, '')).not.toMatch(/[<>]/);
          expect(text.replace(/&(amp|lt|gt);/g, '')).not.toContain('&');
          expect(text.isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('no user is mentioned but by a field that holds who has answered', () => {
    fc.assert(
      fc.property(anyAlert, anyView, (alert, { conversation: _, ...view }) => {
        for (const { text, blocks } of [toSlackMessage(alert, view), toSlackReply(alert, view)]) {
          expect(JSON.stringify([text, blocks])).not.toMatch(/<[@!#]/);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('the last line of a message', () => {
  it('names a problem by the handle that the command line takes, not by its long id', () => {
    const { blocks } = toSlackMessage(alertOf({ step: 'opened', subject: 'incident/p4d' }));
    const last = JSON.stringify(blocks.at(-1));
    expect(last).toContain(`id ${handleOf({ subject: 'incident/p4d' })}  ·  `);
    expect(last).not.toContain('incident/p4d');
  });
});

describe('what buttons do', () => {
  const action = [
    'Nothing need be done where it may stop.',
    'To keep it running for two hours:\nnpm run -s watchdog -- keep i-0a1b2c3d4e5f60718 --for 2h',
    'Or set its schedule tag to "off".',
  ].join('\n\n');
  const warning = alertOf({
    kind: 'stop-warning',
    severity: 'warning',
    action,
    schedulables: [{ key: 'ec2-instance/i-0a1b2c3d4e5f60718', id: 'i-0a1b2c3d4e5f60718', name: 'trainer' }],
  });

  it('is not said again as commands above them', () => {
    const text = JSON.stringify(toSlackMessage(warning, { hasButtons: true }).blocks);
    expect(text).toContain('Keep 2 h');
    expect(text).toContain('press a button below.\\nOr set its schedule tag');
    expect(text).not.toContain('npm run');
  });

  it('is said as commands where there are none', () => {
    expect(JSON.stringify(toSlackMessage(warning).blocks)).toContain('keep i-0a1b2c3d4e5f60718 --for 2h');
  });
});

describe('a reply', () => {
  it('says what is new, and no more', () => {
    const { text, blocks } = toSlackReply(alertOf({ step: 'grown', title: 'Twice as much' }));
    expect(text).toBe('🔴 Twice as much');
    expect(blocks.map(({ type }) => type)).toEqual(['section', 'section', 'context']);
    expect(JSON.stringify(blocks)).not.toContain('Expected');
  });

  it('says in full what the message above does not', () => {
    const told = JSON.stringify(toSlackReply(alertOf({ kind: 'aws-health', step: 'grown' })).blocks);
    expect(told).toContain(alertOf().summary);
  });

  it('says in full what was answered, and how to take it back', () => {
    const { blocks } = toSlackReply(alertOf({ step: 'expected', summary: 'Muted for 30 days.' }));
    expect(JSON.stringify(blocks)).toContain('Muted for 30 days.');
    expect(JSON.stringify(blocks)).toContain('*Taking it back*');
  });

  it.each([
    ['U0123456789', '<@U0123456789> Acknowledged'],
    ['mei', 'Acknowledged'],
    ['U0123456789> <!channel', 'Acknowledged'],
  ])('names who has answered, where that is a user: %s', (by, text) => {
    const reply = toSlackReply(
      alertOf({ step: 'acknowledged', by, title: 'Acknowledged', action: 'Stop it' }),
    );
    expect(reply.text).toBe(text);
    expect(JSON.stringify(reply.blocks)).toContain('Stop it');
  });
});

describe('a message of which somebody has said something', () => {
  const conversation: Conversation = {
    subject: 'incident/p4d',
    version: 3,
    isOpen: true,
    openedAt: '2026-11-16T06:00:00Z',
    at: '2026-11-16T06:00:00Z',
    alertId: 'incident/p4d/opened',
    kind: 'spend-anomaly',
    severity: 'critical',
    title: 'EC2',
  };
  const seen = { at: '2026-11-16T07:00:00Z', by: 'U0123456789' };
  const until = '2026-11-23T07:00:00Z';

  it.each<[string, Partial<Conversation>, string, string]>([
    ['nobody', {}, '🔴', ''],
    ['acknowledged', { acknowledged: seen }, '👀', 'Acknowledged by <@U0123456789>, <!date^1794812400^'],
    ['snoozed', { snoozed: { ...seen, until } }, '💤', 'Snoozed by <@U0123456789> until <!date^1795417200^'],
    [
      'expected',
      { answered: { ...seen, answer: 'expected', until, reason: 'load test' } },
      '🆗',
      'Expected, says <@U0123456789>, until <!date^1795417200^{date_short_pretty} at {time}|',
    ],
    ['told again', { escalatedAt: seen.at }, '🔴', 'nobody had acknowledged it'],
    ['over', { isOpen: false, acknowledged: seen }, '✅', 'Acknowledged by'],
  ])('shows it at a glance, and who it was: %s', (_, given, mark, text) => {
    const message = toSlackMessage(alertOf(), { conversation: { ...conversation, ...given } });
    expect(message.text.startsWith(`${mark} `)).toBe(true);
    expect(textsOf(message).join('\n')).toContain(text);
  });
});

function textsOf({ blocks }: SlackMessage): string[] {
  return blocks.flatMap((block) => {
    if (block.type === 'header') return [block.text.text];
    if (block.type === 'section')
      return [block.text, ...(block.fields ?? [])].flatMap((text) => text?.text ?? []);
    if (block.type === 'context')
      return block.elements.flatMap((element) => ('text' in element ? element.text : []));
    throw new Error(`no text is known of ${block.type}`);
  });
}
