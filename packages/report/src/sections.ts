import type { Deed, RunFacts } from './facts.ts'
import { markup } from './html.ts'
import type { Html } from './html.ts'
import type { ReportInput } from './input.ts'
import { REPORT_LIMITS } from './limits.ts'
import type { Shown } from './shown.ts'
import { counted, dollars, moment } from './words.ts'

type Cell = string | number | Html

function table(heads: readonly string[], rows: readonly (readonly Cell[])[], left = 0): Html {
  const more = left > 0 ? markup`<p class="note">${counted(left, 'row')} more not shown.</p>` : undefined
  return markup`<div class="wide" tabindex="0">
      <table>
        <thead>
          <tr>
            ${heads.map((head) => markup`<th>${head}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (cells) =>
              markup`<tr>
                ${cells.map((cell) => markup`<td>${cell}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${more}`
}

/** Who gave which command. */
export function commands({ commands: deeds }: RunFacts): Html {
  const rows = deeds.slice(0, REPORT_LIMITS.deeds).map(({ record, what }) => {
    const { seq, at, actor, onBehalfOf, item = '' } = record
    return [seq, moment(at), onBehalfOf === undefined ? actor : `${actor} for ${onBehalfOf}`, what, item]
  })
  return markup`<h2>Who did what</h2>
    ${table(['record', 'when', 'who', 'what', 'item'], rows, deeds.length - rows.length)}`
}

/** What was tried and not allowed. */
export function denials({ denials: deeds }: RunFacts): Html {
  if (deeds.length === 0)
    return markup`<h2>Denials</h2>
      <p>Nothing was denied.</p>`
  const row = ({ record, what, why = '' }: Deed): Cell[] => [
    record.seq,
    record.item ?? '',
    record.kind,
    markup`<code>${what}</code>`,
    why,
  ]
  const rows = deeds.slice(0, REPORT_LIMITS.deeds).map(row)
  return markup`<h2>Denials</h2>
    ${table(['record', 'item', 'kind', 'what', 'why'], rows, deeds.length - rows.length)}`
}

/** What metered calls came to. */
export function usage({ models }: RunFacts, items: readonly Shown[]): Html {
  if (models.size === 0)
    return markup`<h2>Usage</h2>
      <p>No call to a model was metered.</p>`
  const byModel = [...models].map(([model, { calls, tokens, nanoUsd }]) => [
    model,
    calls,
    tokens.toLocaleString('en'),
    dollars(nanoUsd),
  ])
  const spenders = items.filter(({ spent }) => spent.calls > 0).toSorted((a, b) => b.spent.nanoUsd - a.spent.nanoUsd)
  const byItem = spenders
    .slice(0, 100)
    .map(({ id, index, spent }) => [
      markup`<a href="#i${index}">${id}</a>`,
      spent.calls,
      spent.tokens.toLocaleString('en'),
      dollars(spent.nanoUsd),
    ])
  const heads = ['calls', 'tokens', 'charged']
  return markup`<h2>Usage</h2>
    ${table(['model', ...heads], byModel)}${table(['item', ...heads], byItem, spenders.length - byItem.length)}`
}

/** What vouches for all of this, and what was checked of it. */
export function evidence({ evidence: found, run, ns }: ReportInput, { seal, submitted }: RunFacts): Html {
  const base = submitted?.base
  const facts: (readonly Cell[])[] = [
    ['run', markup`<code>${run.run}</code> in the namespace <code>${ns}</code>`],
    ['plan', markup`<code>${run.plan}</code>`],
    ...(base === undefined
      ? []
      : [
          [
            'base',
            markup`commit <code>${base.commit}</code>, tree <code>${base.tree}</code> of the repository <code>${base.repository}</code>${base.uncommitted > 0 ? `; ${counted(base.uncommitted, 'uncommitted path')} not included` : ''}`,
          ],
        ]),
    [
      'seal',
      seal === undefined
        ? 'not sealed yet'
        : markup`${counted(seal.from + seal.count, 'record')}, root <code>${seal.root}</code>`,
    ],
    ...(found.verified && found.report.run !== undefined
      ? [['log', markup`<code>${found.report.run.origin}</code>, checkpoint at size ${found.report.run.size}`]]
      : []),
  ]
  return markup`<h2 id="evidence">Evidence</h2>
    ${verdict(found)}
    <dl>
      ${facts.map(
        ([term = '', value = '']) =>
          markup`<dt>${term}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>
    <p>
      This page proves nothing: it can be edited like any file. The bundle can be checked without trusting whoever made
      it:
    </p>
    <pre class="log">
seamark evidence export ${run.run} -o run.tar
seamark verify run.tar --trust trust.json</pre>`
}

function verdict(found: ReportInput['evidence']): Html {
  if (!found.verified) return markup`<p><span class="badge s-parked">not verified</span> ${found.why}</p>`
  const { verdict: said, statement, checks, properties } = found.report
  const failed = checks.filter(({ status }) => status === 'fail')
  const count = (status: string): number => checks.filter((check) => check.status === status).length
  return markup`<p><span class="badge s-${said === 'verified' ? 'succeeded' : 'failed'}">${said}</span> ${statement}</p>
    <p>
      <small
        >By the service that made this page, with the keys of its own log: ${count('pass')} checks passed,
        ${failed.length} failed, ${count('not-checked')} not checked.</small
      >
    </p>
    ${
      failed.length === 0
        ? undefined
        : markup`<ul>
            ${failed.map(({ id, code = '', detail = '' }) => markup`<li class="bad">${id} ${code} ${detail}</li>`)}
          </ul>`
    }
    <ul>
      ${properties.filter(({ status }) => status === 'pass').map(({ name, value = '', forgeableBy }) => markup`<li><b>${name}</b> ${value} <small>could be forged by ${forgeableBy}</small></li>`)}
    </ul>`
}
