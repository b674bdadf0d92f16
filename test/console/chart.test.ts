import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatChart, numberText } from '../../commands/history/chart.ts'

test('a chart rises to each mean, shows the greatest above it, and leaves empty spans empty', () => {
  const points = [
    { at: 0, low: 0, mean: 0, high: 0 },
    { at: 10, low: 20, mean: 50, high: 100 },
    { at: 30, low: 100, mean: 100, high: 100 },
  ]
  const text = formatChart(points, { from: 0, to: 100 }, { width: 21, height: 4 })
  assert.deepEqual(text.split('\n').slice(0, 5), [
    '      100 ┤ · █',
    '          ┤ · █',
    '          ┤ █ █',
    '        0 ┤▁█ █',
    '          └──────────',
  ])
})

test('numbers have three digits that matter, and a unit where there are many', () => {
  assert.deepEqual([0, 0.123456, 7, 99.96, 4321, 123_456, 12_345_678].map(numberText), [
    ...['0', '0.123', '7', '100', '4321', '123 k', '12.3 M'],
  ])
})
