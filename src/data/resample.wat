;; The two passes of resample.ts with 128-bit vectors: 8-bit pixels times weights of 22 fractional bits, summed in 32 bits, rounded and clipped.
;; All lengths are in bytes or elements, all places are addresses in memory.
(module
  (memory (export "memory") 1)
  (global $half i32 (i32.const 0x200000))

  ;; $rows rows of RGB pixels: of each the pixels from $first on, $stride bytes from row to row, become $width pixels, one after the other.
  ;; $starts, $counts and $weights are those of the first of them, $taps weights a pixel.
  (func (export "rows") (param $from i32) (param $stride i32) (param $rows i32) (param $starts i32) (param $counts i32)
    (param $weights i32) (param $taps i32) (param $width i32) (param $to i32)
    (local $x i32) (local $pixel i32) (local $weight i32) (local $end i32) (local $sum v128)
    (local.set $taps (i32.shl (local.get $taps) (i32.const 2)))
    (block $done (loop $row
      (br_if $done (i32.eqz (local.get $rows)))
      (local.set $x (i32.const 0))
      (loop $column
        (local.set $sum (i32x4.splat (global.get $half)))
        (local.set $pixel (i32.add (local.get $from) (i32.mul (i32.const 3)
          (i32.load (i32.add (local.get $starts) (i32.shl (local.get $x) (i32.const 2)))))))
        (local.set $weight (i32.add (local.get $weights) (i32.mul (local.get $x) (local.get $taps))))
        (local.set $end (i32.add (local.get $weight) (i32.shl
          (i32.load (i32.add (local.get $counts) (i32.shl (local.get $x) (i32.const 2)))) (i32.const 2))))
        (loop $tap
          (local.set $sum (i32x4.add (local.get $sum) (i32x4.mul
            (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $pixel))))
            (v128.load32_splat (local.get $weight)))))
          (local.set $pixel (i32.add (local.get $pixel) (i32.const 3)))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (br_if $tap (i32.lt_u (local.get $weight) (local.get $end))))
        (local.set $sum (i32x4.shr_s (local.get $sum) (i32.const 22)))
        (local.set $sum (i16x8.narrow_i32x4_s (local.get $sum) (local.get $sum)))
        ;; The fourth byte is overwritten by the next pixel.
        (v128.store32_lane 0 (local.get $to) (i8x16.narrow_i16x8_u (local.get $sum) (local.get $sum)))
        (local.set $to (i32.add (local.get $to) (i32.const 3)))
        (local.set $x (i32.add (local.get $x) (i32.const 1)))
        (br_if $column (i32.lt_u (local.get $x) (local.get $width))))
      (local.set $from (i32.add (local.get $from) (local.get $stride)))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
      (br $row))))

  ;; One row of $width bytes out of $count rows from $from on, $stride bytes apart. Writes whole groups of 8.
  (func (export "columns") (param $from i32) (param $stride i32) (param $count i32) (param $weights i32) (param $width i32) (param $to i32)
    (local $x i32) (local $place i32) (local $weight i32) (local $end i32) (local $pixels v128) (local $factor v128)
    (local $low v128) (local $high v128)
    (local.set $end (i32.add (local.get $weights) (i32.shl (local.get $count) (i32.const 2))))
    (loop $group
      (local.set $low (i32x4.splat (global.get $half)))
      (local.set $high (local.get $low))
      (local.set $place (i32.add (local.get $from) (local.get $x)))
      (local.set $weight (local.get $weights))
      (loop $tap
        (local.set $pixels (v128.load8x8_u (local.get $place)))
        (local.set $factor (v128.load32_splat (local.get $weight)))
        (local.set $low (i32x4.add (local.get $low) (i32x4.mul (local.get $factor) (i32x4.extend_low_i16x8_u (local.get $pixels)))))
        (local.set $high (i32x4.add (local.get $high) (i32x4.mul (local.get $factor) (i32x4.extend_high_i16x8_u (local.get $pixels)))))
        (local.set $place (i32.add (local.get $place) (local.get $stride)))
        (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
        (br_if $tap (i32.lt_u (local.get $weight) (local.get $end))))
      (local.set $low (i16x8.narrow_i32x4_s (i32x4.shr_s (local.get $low) (i32.const 22)) (i32x4.shr_s (local.get $high) (i32.const 22))))
      (v128.store64_lane 0 (i32.add (local.get $to) (local.get $x)) (i8x16.narrow_i16x8_u (local.get $low) (local.get $low)))
      (local.set $x (i32.add (local.get $x) (i32.const 8)))
      (br_if $group (i32.lt_u (local.get $x) (local.get $width))))))
