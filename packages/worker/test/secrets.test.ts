import type { ItemSpec, RuntimeAdapter, SecretStore } from '@seamark/core'
import { redactBytes, SeamError, sha256Hex } from '@seamark/kit'
import { command } from '@seamark/runtime-command'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { localWorker } from '../src/index.ts'
import { knownSecrets } from '../src/known-secrets.ts'
import { bytes, dir, executor, item, options, play, storage, task } from './attempt.ts'
import { collect, refusal } from './repository.ts'

const value = 'Zq8-0123456789@abc+Q'
let current: string | undefined = value
const secrets: SecretStore = {
  spec: 'secrets/v1',
  kind: 'test',
  name: 'test',
  guarantees: {},
  async resolve(ref) {
    if (current === undefined) throw new SeamError('NOT_FOUND', `There is no ${ref}.`)
    return { ref, value: Buffer.from(current) }
  },
  describe: async (ref) => ({ ref }),
}
const worker = localWorker({ ...options, dir: join(dir, 'watched'), secrets })
const policy: NonNullable<ItemSpec['policy']> = {
  policy: { network: { allow: [{ host: 'api.example', mode: 'endpoint', paths: ['/*'], inject: 'key' }] } },
  digest: '0'.repeat(64),
}
const hex = Buffer.from(value).toString('hex')
const base64 = Buffer.from(value).toString('base64')
const encoded = encodeURIComponent(value)

const attempt = async (run: string, more: Partial<ItemSpec> = {}) => task({ item: item(run, { policy, ...more }) })

/** All that the storage holds, as one text. */
async function everything(): Promise<string> {
  const texts: string[] = []
  for await (const { key } of storage.list('')) {
    const found = await storage.get(key)
    if (found !== undefined) texts.push((await collect(found.body)).toString('latin1'))
  }
  return texts.join('\n')
}

const forms: Record<string, string> = { plain: value, base64, hex, 'URL-encoded': encoded }

describe('what a program writes', () => {
  it.each(Object.keys(forms))('is stored without a secret in %s', async (form) => {
    const { verdict, product } = await play(
      await attempt(`for fd in 1 2; do printf 'a %s b' '${forms[form]}' >&$fd; done`),
      worker,
    )
    expect(verdict).toMatchObject({ outcome: 'succeeded' })
    expect(await bytes(product?.stdout)).toBe('a [redacted:key] b')
    expect(await bytes(product?.stderr)).toBe('a [redacted:key] b')
  })

  it('is stored beside what it was told, in order, and neither has a secret in it', async () => {
    const writing: RuntimeAdapter = {
      ...command(),
      name: 'writing',
      async *drive(access) {
        const writes = [
          ['begin\n', 0],
          [`{"key":"${value}"}\n`, 4],
          ['within\n', 30],
          ['end\n', 900],
        ] as const
        let at = 0
        for (const [text, after] of writes) {
          await access.write(Buffer.from(text), at, after)
          at += text.length
        }
        yield { event: { type: 'turn-end', completed: true, reason: 'done' }, state: null }
      },
    }
    const host = { ...executor, send: () => Promise.resolve() }
    const told = localWorker({ ...options, dir: join(dir, 'told'), secrets, runtimes: [writing] })
    const step = await attempt(`printf 'ask\\nhas %s in it\\nlast\\n' '${value}'`, { runtime: 'writing' })
    const spec = await told.prepare(step, host)
    const exit = await executor.run(step.launchId, spec)
    const { product } = await told.capture(step, host, exit)
    const stdout = 'ask\nhas [redacted:key] in it\nlast\n'
    expect(await bytes(product?.stdout)).toBe(stdout)
    const lines = (await bytes(product?.stdin)).trim().split('\n')
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      { after: 0, text: 'begin\n' },
      { after: 4, text: '{"key":"[redacted:key]"}\n' },
      { after: stdout.indexOf(' in it') + 2, text: 'within\n' },
      { after: stdout.length, text: 'end\n' },
    ])
  })

  it('is stored as it is where the policy names no secret', async () => {
    const { product } = await play(await task({ item: item(`printf 'a %s' '${value.slice(1)}'`) }), worker)
    expect(await bytes(product?.stdout)).toBe(`a ${value.slice(1)}`)
  })
})

describe('a program that would be given a secret', () => {
  it.each(Object.keys(forms))('is not started, and says where it was: %s', async (form) => {
    const step = await attempt('true', { env: { API_KEY: `x${forms[form]}` } })
    const error = await refusal(worker.prepare(step, executor))
    expect(error).toMatchObject({
      code: 'FORBIDDEN',
      message: 'The value of the secret key is in the variable API_KEY, which the program would get.',
    })
  })

  it('is not started where its runtime makes a file of it', async () => {
    const [command] = options.runtimes
    if (command === undefined) throw new Error('There is no runtime.')
    const runtime: RuntimeAdapter = {
      ...command,
      prepare: async (asked) => ({
        ...(await command.prepare(asked)),
        files: [{ path: '.config/key', bytes: Buffer.from(value), mode: 0o600 }],
      }),
    }
    const giving = localWorker({ ...options, dir: join(dir, 'giving'), secrets, runtimes: [runtime] })
    expect(await refusal(giving.prepare(await attempt('true'), executor))).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('the file .config/key'),
    })
  })
})

describe('a product with a secret in it', () => {
  const script = (content: string, file: string) => `printf 'one\\ntwo %s\\n' '${content}' > '${file}'`
  type Planted = readonly [what: string, run: string, where: string]
  it.each<Planted>([
    ...Object.keys(forms).map((form): Planted => [form, script(forms[form] ?? '', 'found.txt'), '"found.txt", line 2']),
    ['a binary file', `{ head -c 1000 /dev/zero; printf '${value}'; } > b.bin`, '"b.bin", line 1'],
    [
      'a file that git compresses as a delta',
      `{ head -c 3000000 /dev/zero; printf '${value}'; } > c.bin`,
      '"c.bin", line 1',
    ],
    ['the name of a file', `touch 'x${value}'`, 'the name "x[redacted:key]", line 1'],
    ['the name of a folder', `mkdir -p '${value}/y' && touch '${value}/y/z'`, 'the name "[redacted:key]/y/z", line 1'],
    ['the target of a link', `ln -s '/${value}' link`, 'the target of "link", line 1'],
    ['a file that git ignores', `mkdir reports && ${script(value, 'reports/r.txt')}`, '"reports/r.txt", line 2'],
  ])('is not captured, and says where it was: %s', async (_, run, where) => {
    const step = await attempt(run)
    const { verdict, product } = await play(step, worker)
    expect(verdict).toEqual({
      outcome: 'failed',
      reason: 'secret',
      detail: `The value of the secret key is in ${where}.`,
    })
    expect(product).not.toHaveProperty('snapshot')
    if (!where.includes('reports')) expect(product).not.toHaveProperty('patch')
    await worker.release(step)
    expect(existsSync(join(dir, 'watched/namespaces/ns/kept', step.launchId))).toBe(true)
  })

  it('is no layer, and what the set-up wrote is stored without it', async () => {
    const setup = { key: [], paths: ['made'], timeoutMs: 60_000, policy, run: '' }
    for (const [at, run] of [script(value, 'made/f'), `ln -s '/${hex}' made/l`, `true`].entries()) {
      const about = { ...setup, run: `mkdir made; printf 'a ${value}'; ${run}` }
      const step = await task({ step: 'setup', setup: about, layer: sha256Hex(String(at)) })
      const { verdict, stdout } = await play(step, worker)
      expect(verdict).toMatchObject(at === 2 ? { outcome: 'succeeded' } : { outcome: 'failed', reason: 'secret' })
      expect(await worker.hasLayer('ns', sha256Hex(String(at)))).toBe(at === 2)
      expect(await bytes(stdout)).toBe('a [redacted:key]')
      await worker.release(step)
    }
  })

  it('is told although the program failed', async () => {
    const { verdict } = await play(await attempt(`${script(value, 'f')}; exit 3`), worker)
    expect(verdict).toMatchObject({ outcome: 'failed', reason: 'secret' })
  })

  it('is told of a declared output, which is not stored', async () => {
    const { verdict, product } = await play(
      await attempt(`mkdir reports; ${script(value, 'reports/o')}`, {
        outputs: [{ path: 'reports/o' }],
        keepWorkspace: false,
      }),
      worker,
    )
    expect(verdict).toMatchObject({ reason: 'secret', detail: expect.stringContaining('"reports/o", line 2') })
    expect(product?.outputs).toEqual([])
  })

  it('is the one of before, where it was replaced or taken away while the attempt ran', async () => {
    for (const next of ['another-value-9876', undefined]) {
      const step = await attempt(`printf '${value}' > f`)
      const spec = await worker.prepare(step, executor)
      current = next
      try {
        const exit = await executor.run(step.launchId, spec)
        expect((await worker.capture(step, executor, exit)).verdict).toMatchObject({ reason: 'secret' })
      } finally {
        current = value
      }
    }
  })

  it('left nothing of it in the storage', async () => {
    const all = await everything()
    for (const form of Object.values(forms)) expect(all).not.toContain(form)
  })
})

describe('a secret that can not be had', () => {
  const failing = (code: 'NOT_FOUND' | 'FORBIDDEN' | 'UNAVAILABLE' | 'INTEGRITY') => ({
    resolve: () => Promise.reject(new SeamError(code, 'It can not be had.')),
  })

  it.each(['NOT_FOUND', 'FORBIDDEN', 'UNAVAILABLE', 'INTEGRITY'] as const)(
    'keeps no launch from what does not need it: %s',
    async (code) => {
      const away = localWorker({
        ...options,
        dir: join(dir, `away-${code}`),
        secrets: { ...secrets, ...failing(code) },
      })
      const { verdict } = await play(await attempt('true'), away)
      expect(verdict).toMatchObject({ outcome: 'succeeded' })
    },
  )

  it('is waited for where another process began the launch, and may have added it', async () => {
    const step = await attempt('true')
    expect(await refusal(knownSecrets(failing('UNAVAILABLE')).learn(step))).toMatchObject({ code: 'UNAVAILABLE' })
    expect((await knownSecrets(failing('NOT_FOUND')).learn(step)).window).toBe(0)
  })

  it('is in mind once it is added, with tokens that are made of it', async () => {
    const step = await attempt('true')
    const known = knownSecrets(failing('UNAVAILABLE'))
    await known.begin(step)
    const token = Buffer.from('a-token-that-was-made-0123')
    known.add(step.launchId, 'key', token)
    token.fill(0)
    const table = await known.learn(step)
    expect(Buffer.from(redactBytes(Buffer.from('x a-token-that-was-made-0123'), table)).toString()).toBe(
      'x [redacted:key]',
    )
    expect(known.of(step.launchId)).toBe(table)
  })
})
