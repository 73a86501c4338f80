import { type SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';

export type Mail = { from: string; to: readonly string[]; subject: string; html: string; text: string };

const utf8 = (Data: string) => ({ Data, Charset: 'UTF-8' });

/**
 * Sends a mail in HTML and plain text. Throws where SES doesn't take it: `MessageRejected` for an address that isn't
 * verified; outside the sandbox only `from`, or its domain, has to be.
 */
export async function sendMail(client: SESv2Client, { from, to, subject, html, text }: Mail): Promise<void> {
  await client.send(
    new SendEmailCommand({
      FromEmailAddress: from,
      Destination: { ToAddresses: [...to] },
      Content: {
        Simple: { Subject: utf8(subject), Body: { Html: utf8(html), Text: utf8(text) } },
      },
    }),
  );
}
