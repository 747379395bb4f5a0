import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compileCacheFolder } from '../src/compile-cache.ts'
import { begin, NODE } from './seamark.ts'

const uid = process.geteuid?.()
let home: string

beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'seamark-home-')))
})

afterEach(() => rmSync(home, { recursive: true, force: true }))

describe('the folder of compiled code', () => {
  it('is made for this user alone, where caches belong', () => {
    const folder = compileCacheFolder({ home, caches: '' }, uid)
    expect(folder).toBe(join(home, '.cache/seamark/compiled'))
    expect(statSync(folder ?? '').mode & 0o777).toBe(0o700)
    mkdirSync(join(home, 'other'))
    const other = join(home, 'other/cache')
    expect(compileCacheFolder({ home, caches: other }, uid)).toBe(join(other, 'seamark/compiled'))
    expect(compileCacheFolder({ home, caches: 'other' }, uid)).toBe(folder)
  })

  it.each([0o770, 0o707, 0o777, 0o1777])('is none where others may write it: %o', (mode) => {
    const folder = compileCacheFolder({ home, caches: '' }, uid) ?? ''
    chmodSync(folder, mode)
    expect(compileCacheFolder({ home, caches: '' }, uid)).toBeUndefined()
  })

  it('is none where others may put another one in its place', () => {
    mkdirSync(join(home, '.cache'))
    chmodSync(join(home, '.cache'), 0o777)
    expect(compileCacheFolder({ home, caches: '' }, uid)).toBeUndefined()
  })

  it('is none behind a link to where others may write', () => {
    mkdirSync(join(home, 'shared'))
    chmodSync(join(home, 'shared'), 0o777)
    symlinkSync('shared', join(home, '.cache'))
    expect(compileCacheFolder({ home, caches: '' }, uid)).toBeUndefined()
  })

  it('is none, and nothing is made, in the home of another user', () => {
    expect(compileCacheFolder({ home, caches: '' }, 12_345)).toBeUndefined()
    expect(existsSync(join(home, '.cache'))).toBe(false)
  })

  it('is none where it can not be made', () => {
    expect(compileCacheFolder({ home: join(home, 'no-such'), caches: '' }, uid)).toBeUndefined()
    expect(compileCacheFolder({ home, caches: '' }, undefined)).toBeUndefined()
  })

  it('has what the first start compiled, unless Node.js is told to keep nothing', async () => {
    // What runs the tests may have a cache of its own.
    const env = { HOME: home, XDG_CACHE_HOME: '', NODE_COMPILE_CACHE: '' }
    const off = await begin(home, [...NODE, '--version'], { ...env, NODE_DISABLE_COMPILE_CACHE: '1' }).ended
    expect(off.code).toBe(0)
    expect(readdirSync(join(home, '.cache/seamark/compiled'))).toEqual([])
    const { code, err } = await begin(home, [...NODE, '--version'], env).ended
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(readdirSync(join(home, '.cache/seamark/compiled')).length).toBeGreaterThan(0)
  })
})
