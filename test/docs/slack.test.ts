import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { buttonNames } from '../../shared/alert/button.ts';
import { parseConfig } from '../../shared/config.ts';
import { botScopes } from '../../shared/watch/slack-app.ts';

const page = readFileSync('docs/slack.md', 'utf8');

/** What the page has to be pasted, each parsed. */
const examples = [...page.matchAll(/^( *)```yaml\n([\s\S]*?)^ *```$/gm)].map(([, indent = '', text = '']) =>
  parse(text.replaceAll(new RegExp(`^${indent}`, 'gm'), '')),
);
const [manifest, ...configs] = examples;

describe('the app manifest in docs/slack.md', () => {
  it('names the scopes that the code needs, and no other', () => {
    expect(manifest.oauth_config.scopes).toEqual({ bot: Object.keys(botScopes) });
    for (const scope of Object.keys(botScopes)) expect(page).toContain(`\`${scope}\``);
  });

  it('has Slack call back, within what Slack takes in a manifest', () => {
    expect(manifest.settings.interactivity).toMatchObject({
      is_enabled: true,
      request_url: expect.stringMatching(/^https:\/\//),
    });
    expect(manifest.display_information.name.length).toBeLessThanOrEqual(35);
    expect(manifest.display_information.description.length).toBeLessThanOrEqual(140);
    expect(manifest.features.bot_user.display_name).toMatch(/^[a-z0-9._-]{1,80}$/);
  });
});

it('every configuration on the page is one', () => {
  const app = { token: 'ssm:/t', signingSecret: 'ssm:/s', channel: '#ml-cost' };
  expect(configs).toHaveLength(3);
  for (const { alerts } of configs) {
    const isPart = alerts.slack.token === undefined && alerts.slack.webhook === undefined;
    const whole = { alerts: { slack: { ...(isPart && app), ...alerts.slack } } };
    expect(parseConfig(whole).alerts.slack).toMatchObject(alerts.slack);
  }
});

it('every button that the configuration knows is on the page', () => {
  for (const name of buttonNames) expect(page).toContain(`\`${name}\``);
});
