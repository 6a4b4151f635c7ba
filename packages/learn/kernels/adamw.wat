;; The optimizer's inner loops, four float32 at a time (WebAssembly SIMD). src/adamw.ts has the formula and calls them through
;; src/optimizer-memory.ts; `npm run generate` assembles them to src/adamw-bytes.ts.
;;
;; All addresses are byte offsets into the memory. Lengths are in floats.
(module
  (import "retort" "memory" (memory 1))

  ;; Σ x² over `n` floats from `x`, summed in doubles.
  (func (export "squareSum") (param $x i32) (param $n i32) (result f64)
    (local $end i32) (local $vectorEnd i32) (local $v v128) (local $sum v128) (local $tail f64) (local $one f64)
    (local.set $end (i32.add (local.get $x) (i32.shl (local.get $n) (i32.const 2))))
    (local.set $vectorEnd (i32.add (local.get $x) (i32.shl (i32.and (local.get $n) (i32.const -4)) (i32.const 2))))
    (block $vectorsDone
      (loop $vectors
        (br_if $vectorsDone (i32.ge_u (local.get $x) (local.get $vectorEnd)))
        (local.set $v (v128.load (local.get $x)))
        (local.set $sum
          (f64x2.add (local.get $sum)
            (f64x2.mul (f64x2.promote_low_f32x4 (local.get $v)) (f64x2.promote_low_f32x4 (local.get $v)))))
        ;; The upper two floats, moved to where promote_low finds them.
        (local.set $v (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $v) (local.get $v)))
        (local.set $sum
          (f64x2.add (local.get $sum)
            (f64x2.mul (f64x2.promote_low_f32x4 (local.get $v)) (f64x2.promote_low_f32x4 (local.get $v)))))
        (local.set $x (i32.add (local.get $x) (i32.const 16)))
        (br $vectors)))
    (block $done
      (loop $rest
        (br_if $done (i32.ge_u (local.get $x) (local.get $end)))
        (local.set $one (f64.promote_f32 (f32.load (local.get $x))))
        (local.set $tail (f64.add (local.get $tail) (f64.mul (local.get $one) (local.get $one))))
        (local.set $x (i32.add (local.get $x) (i32.const 4)))
        (br $rest)))
    (f64.add (local.get $tail)
      (f64.add (f64x2.extract_lane 0 (local.get $sum)) (f64x2.extract_lane 1 (local.get $sum)))))

  ;; One AdamW step over `n` floats: g' = scale·g, m ← β₁·m + (1-β₁)·g', v ← β₂·v + (1-β₂)·g'²,
  ;; w ← w - (rate·m / (correction·√v + ε) + decay·w). rest₁ is 1-β₁, rounded from a double.
  (func $update (export "update")
    (param $w i32) (param $m i32) (param $v i32) (param $g i32) (param $n i32)
    (param $scale f32) (param $beta1 f32) (param $rest1 f32) (param $beta2 f32) (param $rest2 f32)
    (param $rate f32) (param $correction f32) (param $epsilon f32) (param $decay f32)
    (local $end i32) (local $vectorEnd i32)
    (local $gradient v128) (local $first v128) (local $second v128) (local $weight v128)
    (local $g1 f32) (local $m1 f32) (local $v1 f32) (local $w1 f32)
    (local.set $end (i32.add (local.get $w) (i32.shl (local.get $n) (i32.const 2))))
    (local.set $vectorEnd (i32.add (local.get $w) (i32.shl (i32.and (local.get $n) (i32.const -4)) (i32.const 2))))
    (block $vectorsDone
      (loop $vectors
        (br_if $vectorsDone (i32.ge_u (local.get $w) (local.get $vectorEnd)))
        (local.set $gradient (f32x4.mul (f32x4.splat (local.get $scale)) (v128.load (local.get $g))))
        (local.set $first
          (f32x4.add
            (f32x4.mul (f32x4.splat (local.get $beta1)) (v128.load (local.get $m)))
            (f32x4.mul (f32x4.splat (local.get $rest1)) (local.get $gradient))))
        (local.set $second
          (f32x4.add
            (f32x4.mul (f32x4.splat (local.get $beta2)) (v128.load (local.get $v)))
            (f32x4.mul
              (f32x4.mul (f32x4.splat (local.get $rest2)) (local.get $gradient))
              (local.get $gradient))))
        (v128.store (local.get $m) (local.get $first))
        (v128.store (local.get $v) (local.get $second))
        (local.set $weight (v128.load (local.get $w)))
        (v128.store (local.get $w)
          (f32x4.sub (local.get $weight)
            (f32x4.add
              (f32x4.div
                (f32x4.mul (f32x4.splat (local.get $rate)) (local.get $first))
                (f32x4.add
                  (f32x4.mul (f32x4.splat (local.get $correction)) (f32x4.sqrt (local.get $second)))
                  (f32x4.splat (local.get $epsilon))))
              (f32x4.mul (f32x4.splat (local.get $decay)) (local.get $weight)))))
        (local.set $w (i32.add (local.get $w) (i32.const 16)))
        (local.set $m (i32.add (local.get $m) (i32.const 16)))
        (local.set $v (i32.add (local.get $v) (i32.const 16)))
        (local.set $g (i32.add (local.get $g) (i32.const 16)))
        (br $vectors)))
    ;; Up to three floats that are left, one by one.
    (block $done
      (loop $rest
        (br_if $done (i32.ge_u (local.get $w) (local.get $end)))
        (local.set $g1 (f32.mul (local.get $scale) (f32.load (local.get $g))))
        (local.set $m1
          (f32.add
            (f32.mul (local.get $beta1) (f32.load (local.get $m)))
            (f32.mul (local.get $rest1) (local.get $g1))))
        (local.set $v1
          (f32.add
            (f32.mul (local.get $beta2) (f32.load (local.get $v)))
            (f32.mul (f32.mul (local.get $rest2) (local.get $g1)) (local.get $g1))))
        (f32.store (local.get $m) (local.get $m1))
        (f32.store (local.get $v) (local.get $v1))
        (local.set $w1 (f32.load (local.get $w)))
        (f32.store (local.get $w)
          (f32.sub (local.get $w1)
            (f32.add
              (f32.div
                (f32.mul (local.get $rate) (local.get $m1))
                (f32.add (f32.mul (local.get $correction) (f32.sqrt (local.get $v1))) (local.get $epsilon)))
              (f32.mul (local.get $decay) (local.get $w1)))))
        (local.set $w (i32.add (local.get $w) (i32.const 4)))
        (local.set $m (i32.add (local.get $m) (i32.const 4)))
        (local.set $v (i32.add (local.get $v) (i32.const 4)))
        (local.set $g (i32.add (local.get $g) (i32.const 4)))
        (br $rest))))

  ;; The same for `count` rows of `width` floats of a table: row rows[i] (int32) has the gradient g[i].
  (func (export "updateRows")
    (param $w i32) (param $m i32) (param $v i32) (param $g i32) (param $rows i32) (param $count i32) (param $width i32)
    (param $scale f32) (param $beta1 f32) (param $rest1 f32) (param $beta2 f32) (param $rest2 f32)
    (param $rate f32) (param $correction f32) (param $epsilon f32) (param $decay f32)
    (local $end i32) (local $stride i32) (local $offset i32)
    (local.set $stride (i32.shl (local.get $width) (i32.const 2)))
    (local.set $end (i32.add (local.get $rows) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $rows) (local.get $end)))
        (local.set $offset (i32.mul (i32.load (local.get $rows)) (local.get $stride)))
        (call $update
          (i32.add (local.get $w) (local.get $offset))
          (i32.add (local.get $m) (local.get $offset))
          (i32.add (local.get $v) (local.get $offset))
          (local.get $g) (local.get $width)
          (local.get $scale) (local.get $beta1) (local.get $rest1) (local.get $beta2) (local.get $rest2)
          (local.get $rate) (local.get $correction) (local.get $epsilon) (local.get $decay))
        (local.set $g (i32.add (local.get $g) (local.get $stride)))
        (local.set $rows (i32.add (local.get $rows) (i32.const 4)))
        (br $next)))))
