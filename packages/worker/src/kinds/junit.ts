import { LIMITS } from '@seamark/log'
import type { KindReader, NameTeller } from './reader.ts'
import { Unreadable } from './reader.ts'
import { xmlReader } from './xml.ts'

/**
 * JUnit XML, as Ant began it and as Surefire, pytest, Vitest and others write it. Cases are counted: what attributes of suites claim is not
 * looked at. A case with an error and a failure has an error.
 */
export function junitReader(told: NameTeller): KindReader {
  const sums = { tests: 0, failures: 0, errors: 0, skipped: 0 }
  const failing: string[] = []
  let name = ''
  let outcome: 'failures' | 'errors' | 'skipped' | undefined

  const xml = xmlReader({
    open(element, attributes, parents) {
      const parent = parents.at(-1)
      if (parent === undefined && element !== 'testsuites' && element !== 'testsuite')
        throw new Unreadable('invalid', 'is no JUnit XML: its root is neither testsuites nor testsuite')
      if (element === 'testcase') {
        outcome = undefined
        name = nameOf(attributes)
      } else if (parent === 'testcase') {
        if (element === 'failure' && outcome !== 'errors') outcome = 'failures'
        else if (element === 'error') outcome = 'errors'
        else if (element === 'skipped') outcome ??= 'skipped'
      }
    },
    close(element) {
      if (element !== 'testcase') return
      sums.tests++
      if (outcome === undefined) return
      sums[outcome]++
      if (outcome !== 'skipped' && failing.length < LIMITS.summaryNames) failing.push(told(name) || 'unnamed')
    },
  })
  return {
    write: xml.write,
    end() {
      xml.end()
      return { kind: 'junit', ...sums, failing }
    },
  }
}

function nameOf({ classname = '', name = '' }: Readonly<Record<string, string>>): string {
  return classname === '' || name.startsWith(classname) ? name : `${classname} > ${name}`
}
