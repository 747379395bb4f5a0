import { describe, expect, it } from 'vitest'
import { SeamError } from '@seamark/kit'
import { tokenSource, type Mint, type Minting } from '../src/token-source.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const hour = 3_600_000

/** A store with one secret, an issuer that counts, and a clock that is moved by hand. */
function setting(made: (secret: string, at: number) => Partial<Mint> = () => ({}), writable = true) {
  const here = {
    now: 1_000_000,
    secret: 'first' as string | undefined,
    version: 1,
    asked: [] as string[],
    notices: [] as Error[],
    writes: undefined as (() => Promise<void>) | undefined,
    minting: undefined as (() => Promise<void>) | undefined,
  }
  const minting: Minting = {
    name: 'key',
    async stored() {
      if (here.secret === undefined) throw new SeamError('NOT_FOUND', 'There is none.')
      return { value: Buffer.from(here.secret), version: String(here.version) }
    },
    async mint(secret) {
      here.asked.push(text(secret))
      const count = here.asked.length
      await here.minting?.()
      return {
        token: Buffer.from(`token-${count}-of-${text(secret)}`),
        expiresAt: here.now + hour,
        ...made(text(secret), count),
      }
    },
    ...(writable && {
      async replace(version, value) {
        await here.writes?.()
        if (here.secret === undefined) throw new SeamError('NOT_FOUND', 'There is none.')
        if (version !== String(here.version)) throw new SeamError('CONFLICT', 'It is another one.')
        here.secret = text(value)
        here.version++
      },
    }),
  }
  const clock = { now: () => here.now, at: () => () => undefined }
  const source = tokenSource(minting, { clock, onNotice: (error) => here.notices.push(error) })
  return Object.assign(here, { source, token: async () => text(await source.token()) })
}
const digest = async (value: string) => (await import('@seamark/kit')).sha256Hex(Buffer.from(value))
const successor: (secret: string) => Partial<Mint> = (secret) => ({ successor: Buffer.from(`${secret}+`) })

describe('a token', () => {
  it('is made once for all that ask, and kept until shortly before its end', async () => {
    const here = setting()
    expect(new Set(await Promise.all(Array.from({ length: 20 }, here.token)))).toEqual(new Set(['token-1-of-first']))
    here.now += hour - 300_001
    expect(await here.token()).toBe('token-1-of-first')
    here.now += 1
    expect(await here.token()).toBe('token-2-of-first')
    expect(here.asked).toHaveLength(2)
  })

  it('of a few seconds is used for most of them, and one that is over at once is not made without end', async () => {
    const here = setting(() => ({ expiresAt: 1_000_000 }))
    expect(await here.token()).toBe('token-1-of-first')
    expect(await here.token()).toBe('token-1-of-first')
  })

  it('is given no more once its secret was removed, and made anew where it was replaced', async () => {
    const here = setting()
    await here.token()
    here.secret = 'second'
    here.version++
    expect(await here.token()).toBe('token-2-of-second')
    here.secret = undefined
    await expect(here.token()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('is not given where its secret was removed while it was being made', async () => {
    const here = setting()
    here.minting = async () => void (here.secret = undefined)
    await expect(here.token()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('that was refused is made anew, but not again and again', async () => {
    const here = setting()
    const first = await here.token()
    expect(here.source.refused(await digest(first))).toBe(false)
    here.now += 30_000
    expect(here.source.refused(await digest('another'))).toBe(true)
    expect(await here.token()).toBe(first)
    expect(here.source.refused(await digest(first))).toBe(true)
    expect(here.source.refused(await digest(first))).toBe(true)
    expect(await here.token()).toBe('token-2-of-first')
    expect(here.source.refused(await digest(first))).toBe(true)
    expect(here.asked).toHaveLength(2)
  })

  it('that can not be made is asked for again only after a while, or with another secret', async () => {
    const here = setting()
    here.minting = () => Promise.reject(new SeamError('FORBIDDEN', 'No.'))
    await expect(here.token()).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(here.token()).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(here.asked).toHaveLength(1)
    here.now += 5_000
    await expect(here.token()).rejects.toMatchObject({ code: 'FORBIDDEN' })
    here.minting = undefined
    here.secret = 'second'
    expect(await here.token()).toBe('token-3-of-second')
  })
})

describe('a secret that is issued anew', () => {
  it('is in the store before its token is used, and is what the next one is made of', async () => {
    const here = setting(successor)
    const order: string[] = []
    here.writes = async () => void order.push('written')
    const given = here.token().then(() => order.push('given'))
    await given
    expect(order).toEqual(['written', 'given'])
    expect(here.secret).toBe('first+')
    expect(await here.token()).toBe('token-1-of-first')
    here.now += hour
    expect(await here.token()).toBe('token-2-of-first+')
    expect(here.asked).toEqual(['first', 'first+'])
  })

  it('is written again where that failed, and the one that was used up is not asked with twice', async () => {
    const here = setting(successor)
    here.writes = () => Promise.reject(new SeamError('LIMIT_EXCEEDED', 'The disk is full.'))
    await expect(here.token()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    await expect(here.token()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    here.writes = undefined
    expect(await here.token()).toBe('token-1-of-first')
    expect(here.asked).toEqual(['first'])
    expect(here.secret).toBe('first+')
  })

  it('does not undo what somebody set or removed meanwhile', async () => {
    const here = setting(successor)
    here.writes = async () => {
      here.writes = undefined
      here.secret = 'second'
      here.version++
    }
    expect(await here.token()).toBe('token-2-of-second')
    expect(here.secret).toBe('second+')
    const removed = setting(successor)
    removed.writes = async () => void (removed.secret = undefined)
    await expect(removed.token()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(removed.secret).toBeUndefined()
  })

  it('is kept in memory where the store can not be written, which is told once, until another one is set', async () => {
    const here = setting(successor, false)
    expect(await here.token()).toBe('token-1-of-first')
    here.now += hour
    expect(await here.token()).toBe('token-2-of-first+')
    here.now += hour
    expect(await here.token()).toBe('token-3-of-first++')
    expect(here.notices).toMatchObject([{ code: 'UNAVAILABLE' }])
    here.secret = 'second'
    expect(await here.token()).toBe('token-4-of-second')
  })
})
