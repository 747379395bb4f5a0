import { coloured, plain } from './colours.ts'
import { factsOf } from './facts.ts'
import { graph } from './graph.ts'
import { markup } from './html.ts'
import type { ReportInput } from './input.ts'
import { item } from './item.ts'
import { REPORT_LIMITS } from './limits.ts'
import { page } from './page.ts'
import { commands, denials, evidence, usage } from './sections.ts'
import { shownItems } from './shown.ts'
import { timeline } from './timeline.ts'
import { counted, dollars, duration, moment } from './words.ts'

/**
 * A run as one page of HTML that loads nothing and needs no script: a policy in it forbids everything else. Every text is escaped, and what
 * can not be seen in it is shown by its number. What is beyond `REPORT_LIMITS` is left out and counted.
 * With `colours` hostile patches can make it slow: `renderIsolated` bounds that.
 */
export function renderReport(input: ReportInput, { colours }: { readonly colours: boolean }): string {
  const { run, now, version } = input
  const facts = factsOf(input.records)
  const items = shownItems(input.items.slice(0, REPORT_LIMITS.items), facts, input.texts)
  const left = run.items - items.length
  const end = run.sealedAt ?? now
  const spent = [...facts.models.values()]
  const charged = spent.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0)
  const { succeeded, failed, canceled, skipped } = run.settled
  const tiles = [
    ['items', `${succeeded} of ${run.items} succeeded`],
    ...Object.entries({ failed, canceled, skipped }).flatMap(([word, count]) =>
      count > 0 ? [[word, String(count)]] : [],
    ),
    ['took', duration(end - run.submittedAt)],
    ...(spent.length > 0 ? [['charged', dollars(charged)]] : []),
    ['denials', String(facts.denials.length)],
    ['evidence', input.evidence.verified ? input.evidence.report.verdict : 'not verified'],
  ]
  const body = markup`<header>
      <h1>${run.name ?? run.run} <span class="badge s-${run.status}">${run.status}</span></h1>
      <p>Run <code>${run.run}</code>, submitted by ${run.submittedBy}, ${moment(run.submittedAt)}</p>
      <dl class="tiles">
        ${tiles.map(
          ([term = '', value = '']) =>
            markup`<div>
              <dt>${term}</dt>
              <dd>${value}</dd>
            </div>`,
        )}
      </dl>
    </header>
    <main>
      <h2>Graph</h2>
      ${graph(items)}
      <h2>Timeline</h2>
      ${timeline(items, run.submittedAt, end)}
      <h2>Items</h2>
      <p class="filter" hidden>
        <label>Show <input type="search" placeholder="name or status" /></label> <output></output>
      </p>
      ${colours ? undefined : markup`<p class="note">Patches are shown without colours, which took too long to make.</p>`}
      ${items.map((shown) => item(shown, colours ? coloured : plain))}${left > 0 ? markup`<p class="note">${counted(left, 'item')} more not shown.</p>` : undefined}
      ${denials(facts)}${usage(facts, items)}${commands(facts)}${evidence(input, facts)}
    </main>
    <footer>
      Made by Seamark ${version}, ${moment(now)}${run.sealedAt === undefined ? '. The run is not over.' : ''}
    </footer>`
  return page(run.name ?? run.run, body)
}
