import type { Mount } from '@seamark/core'
import { hasCode } from '@seamark/kit'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { seatbeltProfile } from '../src/index.ts'
import { checkHeld } from '../src/seatbelt-refusals.ts'
import { quoted } from '../src/seatbelt-text.ts'
import { readProfile, verdictOf } from './support/sbpl.ts'

const readWrite = (source: string): Mount => ({ source, target: source, mode: 'read-write' })
const readOnly = (source: string): Mount => ({ source, target: source, mode: 'read-only' })

const workspace = [
  readWrite('/Users/ada/.seamark/a/workspace'),
  readWrite('/Users/ada/.seamark/a/home'),
  readOnly('/Users/ada/.seamark/a/inputs'),
]
const node = '/opt/node/bin/node'

describe('the profile', () => {
  it.each([
    ['bare', { mounts: [], toolchain: [] }],
    ['workspace', { mounts: workspace, toolchain: [node] }],
    [
      'hostile',
      {
        mounts: [
          readWrite('/Users/ada/"))(allow default)(version "1'),
          readOnly('/Users/ada/back\\slash\\" ; #" é 海'),
          readWrite('/Users/ada/ends with \\'),
        ],
        toolchain: ['/opt/(param "HOME")/$(id)`id`'],
      },
    ],
  ])('%s is as it was', (name, scope) => {
    const expected = readFileSync(join(import.meta.dirname, 'profiles', `${name}.sb`), 'utf8')
    expect(seatbeltProfile(scope)).toBe(expected)
  })

  const profile = seatbeltProfile({ mounts: workspace, toolchain: [node] })
  const at = '/Users/ada/.seamark/a'

  it.each([
    ['file-write-create', `${at}/workspace/src/a.ts`],
    ['file-write-unlink', `${at}/home/.cache`],
    ['file-write-data', '/dev/null'],
    ['file-read-data', `${at}/inputs/patch`],
    ['file-read-data', '/usr/lib/dyld'],
    ['file-read-data', '/'],
    ['file-read-metadata', '/Users/ada'],
    ['process-exec', node],
    ['process-exec-interpreter', `${at}/workspace/run.sh`],
    ['file-map-executable', '/System/Library/Frameworks/x'],
    ['process-fork', ''],
  ])('allows %s of %s', (operation, path) => {
    expect(verdictOf(profile, operation, path)).toBe('allow')
  })

  it.each([
    // The top of a mount: whoever could replace it by a link would lead the service elsewhere.
    ['file-write-create', `${at}/workspace`],
    ['file-write-unlink', `${at}/workspace`],
    ['file-write-create', `${at}/workspace-of-another`],
    ['file-write-create', `${at}/inputs/patch`],
    ['file-write-data', node],
    ['file-write-create', '/private/tmp/x'],
    ['file-write-data', '/dev/disk0'],
    ['file-write-setugid', `${at}/workspace/a`],
    ['file-link', `${at}/workspace/a`],
    ['file-read-data', '/Users/ada/.ssh/id_ed25519'],
    ['file-read-data', '/Users/ada'],
    ['file-read-data', '/System/Volumes/Data/Users/ada/.ssh/id_ed25519'],
    ['file-read-data', '/private/etc/master.passwd'],
    ['file-read-metadata', '/Users/grace'],
    ['process-exec', '/Applications/Safari.app/Contents/MacOS/Safari'],
    ['network-outbound', '/private/var/run/mDNSResponder'],
    ['network-outbound', `${at}/workspace/socket`],
    ['network-bind', ''],
    ['mach-lookup', ''],
    ['mach-register', ''],
    ['iokit-open', ''],
    ['ipc-posix-shm-read-data', ''],
    ['process-info-pidinfo', ''],
    ['sysctl-write', ''],
    ['appleevent-send', ''],
    ['a-later-operation', ''],
  ])('denies %s of %s', (operation, path) => {
    expect(verdictOf(profile, operation, path)).toBe('deny')
  })

  it('names what it takes of the system, and no more', () => {
    const named = JSON.stringify(readProfile(profile))
    expect(named.match(/global-name"},{"text":"([^"]+)/g)).toHaveLength(1)
    expect(named).not.toMatch(/kern\.proc/)
  })
})

/** Segments of paths with all that could end a literal, and ordinary ones. */
const segment = fc
  .string({
    unit: fc.constantFrom('"', '\\', '(', ')', ';', '#', "'", ' ', '|', 'a', 'é', '海', '\u{1f512}'),
    minLength: 1,
  })
  .filter((text) => text !== '.' && text !== '..')
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => `/m/${parts.join('/')}`)
const mount = fc.record({ source: path, mode: fc.constantFrom('read-only' as const, 'read-write' as const) })
const anyText = fc.string({ unit: 'binary' })

describe('no path gets out of its literal', () => {
  it('a text is read as it was, or refused', () => {
    fc.assert(
      fc.property(fc.oneof(path, anyText, fc.string({ unit: 'grapheme' })), (text) => {
        let literal: string
        try {
          literal = quoted(text)
        } catch (error) {
          expect(hasCode(error, 'INVALID_INPUT')).toBe(true)
          expect(text).toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u)
          return
        }
        expect(readProfile(literal)).toEqual([{ text }])
      }),
      { numRuns: 2000 },
    )
  })

  it.each(['\n', '\r', '\0', '\t', '\u007f', '\u0085', '\u2028', '\ud800', 'a\udfff'])('%j is refused', (text) => {
    expect(() => seatbeltProfile({ mounts: [readWrite(`/m/${text}`)], toolchain: [] })).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' }),
    )
    expect(() => seatbeltProfile({ mounts: [], toolchain: [`/m/${text}`] })).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' }),
    )
  })

  it('a profile has the same rules whatever its paths are called', () => {
    const shape = (profile: string) =>
      JSON.stringify(readProfile(profile), (_, value: unknown) =>
        typeof value === 'object' && value !== null && 'text' in value ? 'text' : value,
      )
    fc.assert(
      fc.property(fc.array(segment, { minLength: 3, maxLength: 3 }), ([a = '', b = '', c = '']) => {
        const of = (one: string, two: string, three: string) =>
          seatbeltProfile({ mounts: [readWrite(`/m/${one}`), readOnly(`/m/${two}`)], toolchain: [`/m/${three}`] })
        expect(shape(of(a.replaceAll('/', ''), b, c))).toBe(shape(of('a', 'b', 'c')))
      }),
      { numRuns: 500 },
    )
  })

  it('nothing is written outside what is writable, and nothing is reached over a network', () => {
    fc.assert(
      fc.property(fc.array(mount, { maxLength: 4 }), path, fc.nat(4), (some, rest, n) => {
        const mounts = some.map((one) => ({ ...one, target: one.source }))
        // Often below a mount, or beside it with a name that begins alike.
        const target = (mounts[n]?.source ?? '') + rest.slice('/m'.length * (rest.length % 2))
        const profile = seatbeltProfile({ mounts, toolchain: [] })
        const inside = mounts.some(({ source, mode }) => mode === 'read-write' && target.startsWith(`${source}/`))
        for (const operation of ['file-write-create', 'file-write-unlink', 'file-write-mode'])
          expect(verdictOf(profile, operation, target)).toBe(inside ? 'allow' : 'deny')
        const seen = mounts.some(({ source }) => target === source || target.startsWith(`${source}/`))
        expect(verdictOf(profile, 'file-read-data', target)).toBe(seen ? 'allow' : 'deny')
        for (const operation of ['network-outbound', 'network-inbound', 'network-bind'])
          expect(verdictOf(profile, operation, target)).toBe('deny')
      }),
      { numRuns: 500 },
    )
  })
})

describe('what a profile can not hold', () => {
  const placesOf = (mounts: readonly Mount[], env: Record<string, string> = {}, toolchain: readonly string[] = []) => {
    try {
      checkHeld({ env, mounts }, toolchain)
      return []
    } catch (error) {
      if (!hasCode(error, 'INVALID_INPUT')) throw error
      return error.problems.map(({ code, place }) => [code, place?.pointer])
    }
  }

  it.each([
    ['the root', readOnly('/')],
    ['what holds the system', readWrite('/private')],
    ['the system', readOnly('/usr/lib')],
    ['all users once more', readOnly('/System/Volumes/Data/Users/ada')],
    ['the system in another case', readWrite('/SYSTEM/library/x')],
    ['the system in another form', readWrite('/ſystem/Library')],
    ['devices', readWrite('/dev/disk0')],
  ])('a mount of %s', (_, one) => {
    expect(placesOf([readWrite('/w'), one])).toEqual([['INVALID_INPUT', '/mounts/1/source']])
  })

  it('a read-only place in a writable mount, in any case', () => {
    expect(placesOf([readWrite('/w'), readOnly('/w/a/b')])).toEqual([['INVALID_INPUT', '/mounts/1/source']])
    expect(placesOf([readOnly('/W/a'), readWrite('/w')])).toEqual([['INVALID_INPUT', '/mounts/0/source']])
    expect(placesOf([readWrite('/w'), readOnly('/w')])).toEqual([['INVALID_INPUT', '/mounts/1/source']])
    expect(placesOf([readWrite('/w')], {}, ['/w/bin/node'])).toEqual([['INVALID_INPUT', '/mounts']])
  })

  it('variables that act before there is a sandbox', () => {
    const env = { DYLD_INSERT_LIBRARIES: '/w/x', MallocLogFile: '/Users/ada/x', PATH: '/bin' }
    expect(placesOf([], env)).toEqual([
      ['INVALID_INPUT', '/env'],
      ['INVALID_INPUT', '/env'],
    ])
  })

  it('all of it at once', () => {
    expect(placesOf([readWrite('/a\nb'), readOnly('/bin')], { DYLD_X: '' }).length).toBe(3)
  })

  it('and lets through what it can hold', () => {
    const mounts = [readWrite('/w'), readOnly('/w-2'), readOnly('/r'), readWrite('/r/w')]
    expect(placesOf(mounts, { PATH: '/bin', CFLAGS: '-O', HOME: '/w', _: 'x' }, [node])).toEqual([])
  })
})
