import type { ItemView, QuotaView, RunView } from '@seamark/protocol'
import { reasonWords } from '@seamark/kit'
import type { SeamarkClient } from '@seamark/sdk'
import { budgetLines, spentText } from '../budget-text.ts'
import { activityText } from '../activity-text.ts'
import { chargedText } from '../charged-text.ts'
import type { CliContext, Command } from '../command.ts'
import { command } from '../define.ts'
import { withConnection } from '../connect.ts'
import { findRun, RUN } from '../find-run.ts'
import { pausedText } from '../pause-text.ts'
import { leftText, refusedRequestsText, refusedWritesText } from '../progress/facts.ts'
import { waitingText } from '../progress/say.ts'
import { askedText } from '../question-text.ts'
import { summaryLines, summaryText } from '../summary-text.ts'
import { setupFailure } from '../setup-failure.ts'
import { standing, statusPaint } from '../status-paint.ts'
import type { Style } from '../style.ts'
import type { Terminal } from '../terminal.ts'
import { fit, folded, harmless } from '../style.ts'
import { bytesText, counted, duration } from '../words.ts'
import { runTable } from './list.ts'

type Service = NonNullable<NonNullable<ItemView['product']>['services']>[number]

const runsShown = 20
/** On a terminal with fewer columns, what is to be said of an item stands under it. */
const narrow = 60
const budgetsShown = 20
const questionsShown = 20
const leaksShown = 20

export const status: Command = command({
  name: 'status',
  args: {
    run: { ...RUN, required: false },
    item: { type: 'positional', required: false, description: 'Item of it' },
  },
  examples: [
    { line: 'seamark status', says: 'the newest runs' },
    { line: 'seamark status last', says: 'the items of the newest run, with what each waits for' },
    { line: 'seamark status last lint --json', says: 'one item, with the digests of what it made' },
  ],
  notes: [
    '--json gives { runs: [RunView], standby?, paused?, quotas? }, { run: RunView, items: [ItemView] } or ItemView;',
    'see the documentation of the wire.',
  ],
  run: (context, args) =>
    withConnection(context, args, 'questions', async ({ client }) => {
      const json = args.json === true
      if (args.run === undefined) await showRuns(context, client, json)
      else {
        const run = await findRun(client, args.run)
        if (args.item === undefined) await showRun(context, client, run, json)
        else await showItem(context, client, run, await client.item(run.run, args.item), json)
      }
      return 0
    }),
})

async function showRuns({ io }: CliContext, client: SeamarkClient, json: boolean): Promise<void> {
  const { standby, paused, budgets = [], quotas } = await client.service()
  const runs: RunView[] = []
  for await (const run of client.runs()) if (runs.push(run) === runsShown) break
  if (json)
    return io.out(
      `${JSON.stringify({ runs, ...(standby && { standby }), ...(paused && { paused }), ...(quotas && { quotas }) })}\n`,
    )
  if (standby !== undefined)
    await io.out(`${io.style.yellow(`Standby: ${harmless(standby.leader ?? 'another service')} leads.`)}\n`)
  if (paused !== undefined) await io.out(`${io.style.yellow(pausedText(paused))}\n`)
  const spent = budgets.filter(({ warned }) => warned.length > 0).slice(0, budgetsShown)
  for (const line of spent.flatMap(budgetLines)) await io.out(`${io.style.yellow(line)}\n`)
  for (const quota of quotas ?? []) await io.out(`${io.style.yellow(quotaText(quota))}\n`)
  if (runs.length === 0) return io.out('No run yet. Start one with seamark run PLAN.\n')
  await io.out(runs.map((run) => `${runLine(run, io)}\n`).join(''))
}

const quotaNames = {
  storage: 'The storage',
  kept: 'Workspaces that were not captured',
  mirrors: 'Mirrors of repositories',
} as const

function quotaText({ of, bytes, maxBytes }: QuotaView): string {
  const takes = `${quotaNames[of]}: ${bytesText(bytes)} of ${bytesText(maxBytes)} taken`
  const refused = of === 'storage' && bytes > maxBytes ? '; no run is begun' : ''
  return `${takes}${refused}. Make room with seamark gc, or raise quotas.${of}.`
}

function runLine(run: RunView, io: Terminal): string {
  const { style } = io
  const { succeeded, failed, canceled, skipped } = run.settled
  const settled = succeeded + failed + canceled + skipped
  const when = new Date(run.submittedAt).toISOString().slice(0, 19).replace('T', ' ')
  const state = standing(run)
  const name = harmless(run.name ?? '')
  const { columns } = io.size()
  if (io.interactive && run.run.length + 45 + name.length > columns) return runTable([run], style, columns)[1] ?? ''
  return `${run.run}  ${statusPaint(state, style)(state.padEnd(9))}  ${`${settled}/${run.items}`.padStart(9)}  ${style.dim(when)}  ${name}`.trimEnd()
}

async function showRun({ io }: CliContext, client: SeamarkClient, run: RunView, json: boolean): Promise<void> {
  if (!json) {
    await io.out(`${runLine(run, io)}\n`)
    if (run.rerun) await io.out(`${io.style.dim(rerunText(run.rerun))}\n`)
    if (run.paused) await io.out(`${io.style.yellow(pausedText(run.paused, run.run))}\n`)
    let unready: ItemView | undefined
    const starved: string[] = []
    const asking: string[] = []
    const leaks: string[] = []
    let starving = 0
    for await (const item of client.items(run.run)) {
      await io.out(`${itemLine(item, io.style, io.interactive ? io.size().columns : Infinity)}\n`)
      if (failedSetup(item)) unready ??= item
      const { budget } = item.parked ?? {}
      if (budget !== undefined && ++starving <= budgetsShown)
        starved.push(spentText(budget, run.run, item.item, item.parked))
      asking.push(...asked(item))
      const leak = leaked(item)
      if (leak !== undefined) leaks.push(`${item.item}: ${leak}`)
    }
    const charged = await chargedText(client, run)
    if (charged !== undefined) await io.out(`  ${io.style.dim(`charged: ${charged}`)}\n`)
    const { budgets = [] } = run.sealedAt === undefined ? await client.run(run.run) : run
    const standing = budgets
      .slice(0, budgetsShown)
      .flatMap((budget) =>
        budgetLines(budget).map((line) => `  ${budget.warned.length > 0 ? io.style.yellow(line) : io.style.dim(line)}`),
      )
    const more = starving > budgetsShown ? [`${starving - budgetsShown} more items wait for a budget.`] : []
    const open = asking.slice(0, questionsShown)
    if (asking.length > questionsShown) open.push(`${asking.length - questionsShown} more items wait for an answer.`)
    const found = leaks.slice(0, leaksShown)
    if (leaks.length > leaksShown) found.push(`${leaks.length - leaksShown} more items left a secret.`)
    for (const line of [
      ...found.map((text) => io.style.red(text)),
      ...standing,
      ...[...starved, ...open].map((text) => io.style.yellow(text)),
      ...more,
    ])
      await io.out(`${line}\n`)
    if (unready !== undefined) await io.out(lines(await setupFailure(client, run.run, unready.item, io.style)))
    return
  }
  const items: ItemView[] = []
  for await (const item of client.items(run.run)) items.push(item)
  await io.out(`${JSON.stringify({ run, items })}\n`)
}

function rerunText({ of, take, from }: NonNullable<RunView['rerun']>): string {
  if (take === undefined) return `Does run ${of} again.`
  return `Takes what succeeded from run ${of}${from === undefined ? '' : `, but for ${from} and what needs it`}.`
}

function itemLine(item: ItemView, style: Style, columns: number): string {
  const { item: id, status: state, attempt, startedAt, endedAt, reason, detail, waiting } = item
  const about = [
    ...(item.isolation === 'none' ? ['not isolated'] : []),
    ...(startedAt !== undefined && endedAt !== undefined ? [duration(endedAt - startedAt)] : []),
    ...(state === 'succeeded' && reason === 'taken' ? ['taken from the earlier run'] : []),
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(item.product?.patch === undefined ? [] : [`${counted(item.product.patch.files, 'file')} changed`]),
    ...(waiting === undefined ? [] : [waitingText(waiting, item.run)]),
    ...(reason === undefined || state === 'succeeded' || said(waiting, reason)
      ? []
      : [harmless(reasonWords(reason, leaked(item) === undefined ? detail : undefined))]),
    ...(item.summaries ?? []).map(({ summary }) => summaryText(summary)),
    ...(item.left === undefined ? [] : [leftText(item.left)]),
    ...(item.refusedWrites === undefined ? [] : [refusedWritesText(item.refusedWrites)]),
    ...(item.refusedRequests === undefined ? [] : [refusedRequestsText(item.refusedRequests)]),
  ]
  const paint = statusPaint(state, style)
  if (columns >= narrow)
    return `  ${id.padEnd(20)}  ${paint(state.padEnd(9))}  ${fit(about.join(', '), columns - 36)}`.trimEnd()
  const width = Math.min(20, columns - 13)
  const under = about.length === 0 ? [] : folded(about.join(', '), columns - 4).map((line) => `    ${line}`)
  const head = id.length > width ? [`  ${id}`, `    ${paint(state)}`] : [`  ${id.padEnd(width)}  ${paint(state)}`]
  return [...head, ...under].join('\n')
}

/** Which secret is in what an item left, and where. */
function leaked({ reason, detail }: ItemView): string | undefined {
  return reason === 'secret' && detail !== undefined ? harmless(detail) : undefined
}

function said(waiting: ItemView['waiting'], reason: string): boolean {
  return waiting?.for === 'parked' && waiting.reason === reason
}

async function showItem(
  { io }: CliContext,
  client: SeamarkClient,
  run: RunView,
  item: ItemView,
  json: boolean,
): Promise<void> {
  if (json) return io.out(`${JSON.stringify(item)}\n`)
  const { product } = item
  const leak = leaked(item)
  const shown = [itemLine(item, io.style, 10_000), `  executor  ${executorText(item)}`]
  if (leak !== undefined) shown.push(`  secret    ${io.style.red(leak)}`)
  if (product?.patch)
    shown.push(`  patch     ${product.patch.sha256}, ${product.patch.size} bytes, tree ${product.patch.tree}`)
  for (const output of product?.outputs ?? [])
    shown.push(`  output    ${harmless(output.path)}, ${output.blob.sha256}, ${output.blob.size} bytes`)
  for (const one of item.summaries ?? []) shown.push(...summaryLines(one))
  if (product) shown.push(`  written   ${product.stdout.size} bytes to stdout, ${product.stderr.size} to stderr`)
  if (item.activity) shown.push(`  agent     ${activityText(item.activity)}`)
  const charged = await chargedText(client, run, item.item)
  if (charged !== undefined) shown.push(`  charged   ${charged}`)
  for (const service of product?.services ?? []) shown.push(`  service   ${serviceText(service)}`)
  const { budget } = item.parked ?? {}
  if (budget) shown.push(`  ${io.style.yellow(spentText(budget, item.run, item.item, item.parked))}`)
  for (const text of asked(item)) shown.push(io.style.yellow(text))
  if (failedSetup(item)) shown.push(...(await setupFailure(client, item.run, item.item, io.style)))
  await io.out(lines(shown))
}

function serviceText({ name, end, code, signal, log, lost = 0 }: Service): string {
  const how = signal ?? `exit code ${code ?? 'unknown'}`
  const ended = {
    stopped: 'stopped with the item',
    killed: 'killed with the item, after SIGTERM',
    ended: `ended before the item did, ${harmless(how)}`,
    'not-ready': 'not ready',
    'not-started': 'not started',
  } as const
  const more = lost > 0 ? `, ${lost} more that are not kept` : ''
  return `${name}, ${end === undefined ? 'how it ended is not known' : ended[end]}, ${log?.size ?? 0} bytes written${more}`
}

/** What the agent of an item asks, and how to answer, where it waits for that. */
function asked({ run, item, waiting }: ItemView): string[] {
  if (waiting?.for !== 'parked' || waiting.question === undefined) return []
  return [askedText(waiting.question, run, item, waiting.token)]
}

function failedSetup({ status: state, reason }: ItemView): boolean {
  return state === 'skipped' && reason === 'setup'
}

function lines(shown: readonly string[]): string {
  return `${shown.join('\n')}\n`
}

function executorText({ executor, isolation, attempt }: ItemView): string {
  if (executor === undefined) return 'none yet'
  if (attempt === 0) return `${executor}, never started`
  if (isolation === undefined) return `${executor}, which this deployment does not have: its isolation is not known`
  return `${executor}, isolation ${isolation}`
}
