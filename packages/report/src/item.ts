import type { AgentActivity } from '@seamark/core'
import { reasonWords } from '@seamark/kit'
import type { Colours } from './colours.ts'
import { patchView } from './diff.ts'
import type { AttemptFacts } from './facts.ts'
import { markup } from './html.ts'
import type { Html } from './html.ts'
import type { Excerpt } from './input.ts'
import type { Shown } from './shown.ts'
import { summarized } from './summary.ts'
import { bytes, counted, dollars, duration, moment } from './words.ts'

/** An item: closed one line, open all that is known of it. */
export function item(shown: Shown, colours: Colours): Html {
  const { id, index, status, row, attempts, gates, texts, product, spent, taken, summaries = [] } = shown
  const patch = texts.patch === undefined ? undefined : patchView(texts.patch, colours)
  const [first, last] = [attempts[0], attempts.at(-1)]
  const took = first === undefined || last?.endedAt === undefined ? undefined : duration(last.endedAt - first.startedAt)
  const changed = product?.patch
  const line = [
    took,
    changed === undefined ? undefined : counted(changed.files, 'file'),
    spent.calls > 0 ? dollars(spent.nanoUsd) : undefined,
    status === 'succeeded' || row.reason === undefined ? undefined : reasonWords(row.reason),
  ].filter((word) => word !== undefined)
  return markup`<details class="item" id="i${index}">
    <summary><span class="badge s-${status}">${status}</span> <b>${id}</b> <small>${line.join(' · ')}</small></summary>
    ${
      taken !== undefined
        ? markup`<p class="note">It was not run: its result is that of run ${taken}.${summaries.map(summarized)}</p>`
        : attempts.length === 0
          ? markup`<p class="note">It never ran${row.reason === undefined ? '' : `: ${reasonWords(row.reason)}`}.</p>`
          : markup`<ul>
            ${attempts.map(attempt)}
          </ul>`
    }
    ${
      gates.length === 0
        ? undefined
        : markup`<ul>
            ${gates.map(({ gate, passed, reason }) => markup`<li><span class="${passed ? 'good' : 'bad'}">gate ${gate + 1} ${passed ? 'passed' : 'did not pass'}</span> <small>${passed ? '' : reasonWords(reason)}</small></li>`)}
          </ul>`
    }
    ${
      product === undefined || product.outputs.length === 0
        ? undefined
        : markup`<h3>Outputs</h3>
            <ul>
              ${product.outputs.map(
                ({ path, blob }) =>
                  markup`<li>
                    <code>${path}</code> <small>${bytes(blob.size)}, SHA-256 <code>${blob.sha256}</code></small>
                  </li>`,
              )}
            </ul>`
    }
    ${
      patch === undefined
        ? undefined
        : markup`<h3>
              Patch
              <small
                >+${patch.added} −${patch.removed}${changed === undefined ? '' : `, SHA-256 ${changed.sha256}`}</small
              >
            </h3>
            ${patch.markup}`
    }
    ${stream('Output', texts.stdout)}${stream('Transcript', texts.transcript)}${stream('Errors', texts.stderr)}
  </details>`
}

function attempt(facts: AttemptFacts): Html {
  const { attempt: number, startedAt, endedAt, outcome, reason, detail, executor, activity, summaries = [] } = facts
  const { goesOn, startsOver = false } = facts
  const talk = [
    ...(goesOn ? ['It went on in the conversation of the attempt before.'] : []),
    ...(startsOver ? ['Its conversation could not be gone on with: the next attempt begins a new one.'] : []),
  ].join(' ')
  const took =
    endedAt === undefined
      ? 'still running'
      : `${outcome ?? ''} (${reason ?? ''}) after ${duration(endedAt - startedAt)}`
  const words = reason === undefined || outcome === 'succeeded' ? detail : reasonWords(reason, detail)
  return markup`<li>
    attempt ${number} on ${executor}, ${moment(startedAt)}:
    ${took}${words === undefined ? undefined : markup`<br /><small>${words}</small>`}${talk === '' ? undefined : markup`<br /><small>${talk}</small>`}${activity && did(activity)}
    ${summaries.map(summarized)}
  </li>`
}

/** What its agent did, by what its program said. */
function did({ turns, calls, tools, allowed, denied, nudges, nudgedFor, usage }: AgentActivity): Html {
  const said = [
    counted(turns, 'turn'),
    `${counted(calls, 'tool call')}${tools.length === 0 ? '' : ` (${tools.map((one) => `${one.tool} ${one.calls}`).join(', ')})`}`,
    `${allowed} allowed when asked`,
    `${denied} denied`,
    ...(nudges > 0 ? [`told ${counted(nudges, 'time')} that it repeats ${nudgedFor.join(', ')}`] : []),
    ...usage.map(
      ({ model, inputTokens, outputTokens }) =>
        `${model} ${inputTokens.toLocaleString('en')} tokens in, ${outputTokens.toLocaleString('en')} out by its own count`,
    ),
  ]
  return markup`<br /><small>Agent: ${said.join('; ')}</small>`
}

function stream(title: string, excerpt: Excerpt | undefined): Html | undefined {
  if (excerpt === undefined || (excerpt.text === '' && excerpt.leftOut === 0)) return undefined
  const { text, leftOut } = excerpt
  return markup`<h3>
      ${title}${leftOut > 0 ? markup` <small>its end; ${bytes(leftOut)} before it are not shown</small>` : undefined}
    </h3>
    <pre class="log">${text}</pre>`
}
