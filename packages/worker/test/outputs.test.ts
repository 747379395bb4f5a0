import type { JsonObject, OutputSpec, SecretStore, StepVerdict } from '@seamark/core'
import { OUTPUT_SCHEMA_LIMITS } from '@seamark/output-schema'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { localWorker } from '../src/index.ts'
import { bytes, dir, item, options, play, task } from './attempt.ts'

interface Vector {
  readonly name: string
  readonly schema: JsonObject
  readonly written?: string
  readonly base64?: string
  readonly verdict: StepVerdict
}

const path = new URL('../../../vectors/outcomes/outputs.json', import.meta.url)
const { cases }: { readonly cases: readonly Vector[] } = JSON.parse(readFileSync(path, 'utf8'))
const output = 'out/report.json'

/** An attempt whose program writes these bytes to its output. */
function writing(content: Uint8Array | undefined, schema: JsonObject, more = '') {
  const octal = [...(content ?? [])].map((byte) => `\\0${byte.toString(8)}`).join('')
  const run = content === undefined ? `:${more}` : `mkdir -p out && printf '%b' '${octal}' > ${output}${more}`
  return task({ workspace: { type: 'empty' }, item: item(run, { outputs: [{ path: output, schema }] }) })
}

describe('an output of 5 GB', () => {
  it.each<[string, Partial<OutputSpec>]>([
    ['as it is', {}],
    ['with a schema', { schema: {} }],
    ['with a kind', { kind: 'junit' }],
  ])('%s fails the attempt by its limit and path, and nothing of it is stored', async (_, more) => {
    const given = { outputs: [{ path: 'large', ...more }], keepWorkspace: false }
    // Otherwise it would be too much for a patch before it is for an output.
    const run = item('echo large > .gitignore; truncate -s 5G large', given)
    const { verdict, product } = await play(await task({ workspace: { type: 'empty' }, item: run }))
    expect(verdict).toMatchObject({
      outcome: 'failed',
      reason: 'limit',
      detail: expect.stringMatching(/declared output.* large/),
    })
    expect(product).toMatchObject({ outputs: [] })
    expect(product?.snapshot).toBeUndefined()
  })
})

describe('an output with a schema', () => {
  it.each(cases)('$name', async ({ schema, written, base64, verdict }) => {
    const content = base64 === undefined ? written && Buffer.from(written) : Buffer.from(base64, 'base64')
    const given = written === '' ? Buffer.alloc(0) : content
    const report = await play(await writing(given === '' ? undefined : given, schema))
    expect(report.verdict).toEqual(verdict)
    // Whoever looks for what went wrong finds what was written.
    if (given !== undefined && given !== '')
      expect(await bytes(report.product?.outputs[0]?.blob)).toBe(Buffer.from(given).toString())
    else expect(report.product?.outputs).toEqual([])
  })

  it('is not looked into where the attempt has failed already', async () => {
    const { verdict, product } = await play(await writing(Buffer.from('done'), {}, '; exit 3'))
    expect(verdict).toMatchObject({ reason: 'exit-code', detail: '3' })
    expect(product?.outputs).toHaveLength(1)
  })

  it('that is longer than what is looked into fails the attempt, with its path', async () => {
    const run = `mkdir out && head -c ${OUTPUT_SCHEMA_LIMITS.documentBytes + 1} /dev/zero > ${output}`
    const { verdict, product } = await play(
      await task({ workspace: { type: 'empty' }, item: item(run, { outputs: [{ path: output, schema: {} }] }) }),
    )
    expect(verdict).toMatchObject({ outcome: 'failed', reason: 'limit', detail: expect.stringContaining(output) })
    expect(product?.outputs).toEqual([])
  })

  it('that is nested without end fails the attempt, with its path, before it is parsed', async () => {
    const run = `mkdir out && head -c ${OUTPUT_SCHEMA_LIMITS.documentBytes} /dev/zero | tr '\\0' '[' > ${output}`
    const { verdict, product } = await play(
      await task({ workspace: { type: 'empty' }, item: item(run, { outputs: [{ path: output, schema: {} }] }) }),
    )
    expect(verdict).toMatchObject({ outcome: 'failed', reason: 'limit', detail: expect.stringContaining(output) })
    expect(product?.outputs).toEqual([])
  })

  it('with a secret in it is no output, whether it matches or not', async () => {
    const value = 'Zq8-0123456789abcdefQ'
    const secrets: SecretStore = {
      spec: 'secrets/v1',
      kind: 'test',
      name: 'test',
      guarantees: {},
      resolve: async (ref) => ({ ref, value: Buffer.from(value) }),
      describe: async (ref) => ({ ref }),
    }
    const worker = localWorker({ ...options, dir: join(dir, 'with-secrets'), secrets })
    const allow = [{ host: 'api.example', mode: 'endpoint' as const, paths: ['/*'], inject: 'key' }]
    const policy = { policy: { network: { allow } }, digest: '0'.repeat(64) }
    const step = await writing(Buffer.from(JSON.stringify({ [value]: 1 })), {
      additionalProperties: false,
      type: 'object',
    })
    const report = await play({ ...step, ...(step.item && { item: { ...step.item, policy } }) }, worker)
    expect(report.verdict).toMatchObject({ reason: 'secret' })
    expect(report.product?.outputs).toEqual([])
    expect(JSON.stringify(report.verdict)).not.toContain(value)
  })
})
