import type { Covered, OutputSummary, SummarizedOutput } from '@seamark/core'
import { markup } from './html.ts'
import type { Html } from './html.ts'
import { counted } from './words.ts'

/** What an output with a kind says, with the names that it has. */
export function summarized({ path, summary }: SummarizedOutput): Html {
  const { said, names } = told(summary)
  return markup`<br /><small><code>${path}</code>: ${said}</small>${
    names.length === 0
      ? undefined
      : markup`<ul>
          ${names.map((name) => markup`<li><small class="bad">${name}</small></li>`)}
        </ul>`
  }`
}

function told(summary: OutputSummary): { readonly said: string; readonly names: readonly string[] } {
  if ('unreadable' in summary) return { said: summary.unreadable, names: [] }
  switch (summary.kind) {
    case 'junit': {
      const { tests, failures, errors, skipped, failing } = summary
      const said = `${counted(tests, 'test')}, ${failures} failed, ${errors} with an error, ${skipped} skipped`
      return { said, names: more(failing, failures + errors) }
    }
    case 'sarif': {
      const { errors, warnings, notes, suppressed, findings } = summary
      const said = `${counted(errors, 'error')}, ${counted(warnings, 'warning')}, ${counted(notes, 'note')}, ${suppressed} suppressed`
      const names = findings.map(({ level, rule = '', place = '' }) => `${level} ${rule} ${place}`)
      return { said, names: more(names, errors + warnings + notes) }
    }
    case 'coverage': {
      const { lines, branches } = summary
      return { said: `${covered(lines, 'lines')}${branches ? `, ${covered(branches, 'branches')}` : ''}`, names: [] }
    }
  }
}

function covered({ covered: some, total }: Covered, of: string): string {
  return `${some.toLocaleString('en')} of ${total.toLocaleString('en')} ${of} covered`
}

function more(names: readonly string[], all: number): readonly string[] {
  return all > names.length ? [...names, `and ${all - names.length} more`] : names
}
