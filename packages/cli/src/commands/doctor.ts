import type { Json, JsonObject } from '@seamark/core'
import type { DoctorReport, FindingStatus } from '@seamark/protocol'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { withConnection } from '../connect.ts'
import type { Style } from '../style.ts'

export const doctor: Command = command({
  name: 'doctor',
  args: {
    deep: { type: 'boolean', description: 'Reads and checks all that is stored; takes its time' },
    probe: { type: 'string', valueHint: 'EXECUTOR', description: 'Tries from inside what this executor keeps' },
  },
  examples: [
    { line: 'seamark doctor', says: 'each seam, its guarantees, and what to do about what is missing' },
    { line: 'seamark doctor --deep --json', says: 'every record, payload and row re-read' },
    { line: 'seamark doctor --probe sandbox', says: 'each way out that was tried, and whether it held' },
  ],
  notes: ['Exit code: 0 where nothing fails, warnings included; 9 where something does.'],
  run: (context, args) =>
    withConnection(context, args, 'inspection', async ({ client }) => {
      const { io } = context
      const { deep, probe } = args
      const checked = await client.doctor({ deep: deep === true })
      const report = probe === undefined ? checked : together(checked, await client.probe(probe))
      await io.out(args.json === true ? `${JSON.stringify(report)}\n` : describe(report, io.style))
      return report.status === 'fail' ? 9 : 0
    }),
})

const order: readonly FindingStatus[] = ['ok', 'warn', 'fail']

function together(checked: DoctorReport, probed: DoctorReport): DoctorReport {
  const status = order.indexOf(probed.status) > order.indexOf(checked.status) ? probed.status : checked.status
  return { ...probed, status, findings: [...checked.findings, ...probed.findings] }
}

function describe({ status, findings, seams }: DoctorReport, style: Style): string {
  const lines: string[] = []
  const width = Math.max(...findings.map(({ title }) => title.length), 10)
  for (const { title, status: found, measured, remedy } of findings) {
    lines.push(`${sign(found, style)} ${title.padEnd(width)}  ${measured ?? ''}`.trimEnd())
    if (remedy !== undefined) lines.push(`    ${style.dim('→')} ${remedy}`)
  }
  lines.push('')
  const seamWidth = Math.max(...seams.map(({ seam }) => seam.length))
  for (const { seam, kind, name, isDefault, guarantees } of seams)
    lines.push(
      `  ${seam.padEnd(seamWidth)} ${kind === name ? kind : `${kind} ${name}`}${isDefault ? style.dim(' (default)') : ''}  ${style.dim(short(guarantees))}`,
    )
  lines.push(
    '',
    `${sign(status, style)} ${{ ok: 'All is well.', warn: 'It works; see the warnings.', fail: 'Something does not work.' }[status]}`,
  )
  return `${lines.join('\n')}\n`
}

function sign(status: FindingStatus, style: Style): string {
  return { ok: style.green('✓'), warn: style.yellow('!'), fail: style.red('✗') }[status]
}

/** The guarantees of a seam in one line: `durable true (tested), limits: cpu none (unproven)`. */
function short(guarantees: JsonObject): string {
  return Object.entries(guarantees)
    .map(([name, claim]) => {
      if (!isObject(claim)) return `${name} ${plain(claim)}`
      const { value, proof } = claim
      return value === undefined ? `${name}: ${short(claim)}` : `${name} ${plain(value)} (${plain(proof ?? '')})`
    })
    .join(', ')
}

function plain(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
