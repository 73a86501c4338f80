import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html, raw } from '../../shared/alert/html.ts';

describe('html', () => {
  it('shows a text as it is written, whatever it means in markup', () => {
    expect(html`<p title="${"\"><b onclick='x'>"}">${'<script>&amp;'}</p>`.markup).toBe(
      '<p title="&quot;&gt;&lt;b onclick=&#39;x&#39;&gt;">&lt;script&gt;&amp;amp;</p>',
    );
  });

  it('joins lists, keeps markup, and leaves out what is absent', () => {
    const items = ['a', 'b'].map((name) => html`<li>${name}</li>`);
    expect(html`<ul>${items}${undefined}${false}${raw('<!-- end -->')}${0}</ul>`.markup).toBe(
      '<ul><li>a</li><li>b</li><!-- end -->0</ul>',
    );
  });

  it('drops what turns the order of the text around it', () => {
    expect(html`${'team \u202Eevil\u0007'}`.markup).toBe('team evil');
  });

  it('lets no text open a tag, close an attribute or begin an entity', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const { markup } = html`${text}`;
        expect(markup).not.toMatch(/[<>"']/);
        expect(markup.replace(/&(amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
      }),
    );
  });
});
