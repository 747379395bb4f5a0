import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { planJsonSchema } from '@seamark/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { NODE, place } from './seamark.ts'

const here = place()
const refused = z.object({
  file: z.string(),
  valid: z.literal(false),
  problems: z.array(
    z.object({ code: z.string(), place: z.object({ pointer: z.string(), line: z.int(), column: z.int() }) }),
  ),
})

beforeAll(() => {
  here.write('good.yaml', 'version: 1\nname: nice\nitems:\n  - { id: a, run: "true", executor: process }\n')
  here.write(
    'bad.yaml',
    `version: 1
itmes: []
items:
  - { id: a, run: x, executor: process, needs: [b] }
  - { id: b, run: x, executor: process, needs: [a] }
  - { id: c, run: x, executor: proces, timeout: 5 }
`,
  )
})
afterAll(() => here.remove())

describe('seamark validate', () => {
  it('says that a plan is good, and leaves nothing behind', async () => {
    const { code, out, err } = await here.seamark('validate', 'good.yaml', '--json')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(JSON.parse(out)).toEqual({
      file: 'good.yaml',
      valid: true,
      name: 'nice',
      plan: expect.stringMatching(/^[0-9a-f]{64}$/),
      items: 1,
      unisolated: { items: 1, executors: ['process'] },
    })
    expect(existsSync(here.data)).toBe(false)
    const text = await here.seamark('validate', 'good.yaml')
    expect(text.out).toContain('not isolated')
  })

  it('tells every problem at once with its place, for people and as data', async () => {
    const data = await here.seamark('validate', 'bad.yaml', '--json')
    expect(data.code).toBe(2)
    const { problems } = refused.parse(JSON.parse(data.out))
    const places = problems.map(({ place: { pointer, line, column } }) => [pointer, line, column])
    expect(places).toEqual([
      ['/itmes', 2, 1],
      ['/items/0/needs', 4, 48],
      ['/items/2/executor', 6, 32],
      ['/items/2/timeout', 6, 49],
    ])
    const text = await here.seamark('validate', 'bad.yaml')
    expect(text).toMatchObject({ code: 2, out: '' })
    for (const [, line, column] of places) expect(text.err).toContain(`bad.yaml:${line}:${column}: `)
  })

  it('tells more problems than fit a page, and exits with the code of the first', async () => {
    here.write('many.yaml', `version: 1\nitems:\n${'  - { id: a, run: x, executor: process, nope: 1 }\n'.repeat(60)}`)
    const { code, err } = await here.seamark('validate', 'many.yaml')
    expect(code).toBe(2)
    expect(err.match(/^many\.yaml:\d+:\d+: /gm)?.length).toBeGreaterThan(100)
    here.write('large.yaml', `version: 1\nitems: []\n#${'x'.repeat(5_000_000)}`)
    expect((await here.seamark('validate', 'large.yaml')).code).toBe(6)
  })

  it('is no answer about a plan where there is none', async () => {
    const { code, out, err } = await here.seamark('validate', 'nothing.yaml', '--json')
    expect({ code, out }).toEqual({ code: 4, out: '' })
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'NOT_FOUND' } })
  })

  it('asks the service that runs', async () => {
    here.write('nightly.mjs', 'export default { queues: { nightly: { concurrency: 1 } } }\n')
    here.write('queue.yaml', 'version: 1\nqueue: nightly\nitems: [{ id: a, run: x, executor: process }]\n')
    expect((await here.seamark('validate', 'queue.yaml')).code).toBe(2)
    const service = here.start('serve', '--json', '--config', 'nightly.mjs', '--data', here.data)
    try {
      await service.saw('"ready"')
      expect(await here.seamark('validate', 'queue.yaml')).toMatchObject({ code: 0, err: '' })
    } finally {
      service.child.kill('SIGTERM')
      await service.ended
    }
  })
})

describe('seamark schema', () => {
  it('prints the published schema, or writes it', async () => {
    expect(JSON.parse((await here.seamark('schema')).out)).toEqual(planJsonSchema())
    const { code } = await here.seamark('schema', '-o', 'schema.json')
    expect(code).toBe(0)
    expect(JSON.parse(readFileSync(join(here.dir, 'schema.json'), 'utf8'))).toEqual(planJsonSchema())
  })

  it('is quiet where its reader leaves early', async () => {
    const command = [...NODE, 'schema'].map((word) => `'${word}'`).join(' ')
    const child = spawn('sh', ['-c', `${command} 2>err | head -c 1 >/dev/null`], { cwd: here.dir })
    await new Promise((resolve) => child.on('close', resolve))
    expect(readFileSync(join(here.dir, 'err'), 'utf8')).toBe('')
  })
})
