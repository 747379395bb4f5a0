import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { javaFiles } from '../src/java-files.ts'

function folder(files: readonly string[]): string {
  const etc = mkdtempSync(join(tmpdir(), 'seamark-java-'))
  onTestFinished(() => rmSync(etc, { recursive: true }))
  for (const file of files) {
    mkdirSync(dirname(join(etc, file)), { recursive: true })
    writeFileSync(join(etc, file), '')
  }
  return etc
}

it('are what Java reads, of each version that is installed, and no passwords', () => {
  const shown = [
    'java-17-openjdk/jvm-amd64.cfg',
    'java-17-openjdk/security/java.security',
    'java-21-openjdk/jvm-arm64.cfg',
    'java-21-openjdk/net.properties',
    'java-21-openjdk/security/policy/unlimited/default_local.policy',
  ]
  const etc = folder([
    ...shown,
    'java-17-openjdk/management/jmxremote.password',
    'java-17-openjdk/security/keys.p12',
    'java-secret/jvm-amd64.cfg',
    'java-21-openjdk.dpkg-old/net.properties',
  ])
  const wanted = [...shown.slice(0, 4), 'java-21-openjdk/security/policy/unlimited']
  expect(javaFiles(etc)).toEqual(wanted.map((file) => join(etc, file)))
})

it('are none where there is no Java, or no such folder', () => {
  expect(javaFiles(folder(['passwd']))).toEqual([])
  expect(javaFiles('/nowhere')).toEqual([])
})
