;; The inner loop of SGD with momentum, four float32 at a time (WebAssembly SIMD), two such vectors per turn. src/optimizer/sgd.ts has the
;; formula; `npm run generate` assembles all of kernels/ into src/optimizer/kernel-bytes.ts.
;;
;; All addresses are byte offsets into the memory. Lengths are in floats.
(module
  (import "retort" "memory" (memory 1))

  ;; One step over `n` floats: d = scale·g + decay·w, v ← momentum·v + d, w ← w - (ofDirection·d + ofVelocity·v).
  (func $update (export "update")
    (param $w i32) (param $v i32) (param $g i32) (param $n i32)
    (param $scale f32) (param $decay f32) (param $momentum f32) (param $ofDirection f32) (param $ofVelocity f32)
    (local $end i32) (local $vectorEnd i32)
    (local $scales v128) (local $decays v128) (local $momentums v128) (local $ofDirections v128) (local $ofVelocities v128)
    (local $w0 v128) (local $d0 v128) (local $v0 v128) (local $w1 v128) (local $d1 v128) (local $v1 v128)
    (local $weight f32) (local $direction f32) (local $velocity f32)
    (local.set $end (i32.add (local.get $w) (i32.shl (local.get $n) (i32.const 2))))
    (local.set $vectorEnd (i32.add (local.get $w) (i32.shl (i32.and (local.get $n) (i32.const -8)) (i32.const 2))))
    (local.set $scales (f32x4.splat (local.get $scale)))
    (local.set $decays (f32x4.splat (local.get $decay)))
    (local.set $momentums (f32x4.splat (local.get $momentum)))
    (local.set $ofDirections (f32x4.splat (local.get $ofDirection)))
    (local.set $ofVelocities (f32x4.splat (local.get $ofVelocity)))
    (block $vectorsDone
      (loop $vectors
        (br_if $vectorsDone (i32.ge_u (local.get $w) (local.get $vectorEnd)))
        (local.set $w0 (v128.load (local.get $w)))
        (local.set $d0
          (f32x4.add
            (f32x4.mul (local.get $scales) (v128.load (local.get $g)))
            (f32x4.mul (local.get $decays) (local.get $w0))))
        (local.set $v0 (f32x4.add (f32x4.mul (local.get $momentums) (v128.load (local.get $v))) (local.get $d0)))
        (v128.store (local.get $v) (local.get $v0))
        (v128.store (local.get $w)
          (f32x4.sub (local.get $w0)
            (f32x4.add
              (f32x4.mul (local.get $ofDirections) (local.get $d0))
              (f32x4.mul (local.get $ofVelocities) (local.get $v0)))))
        (local.set $w1 (v128.load offset=16 (local.get $w)))
        (local.set $d1
          (f32x4.add
            (f32x4.mul (local.get $scales) (v128.load offset=16 (local.get $g)))
            (f32x4.mul (local.get $decays) (local.get $w1))))
        (local.set $v1 (f32x4.add (f32x4.mul (local.get $momentums) (v128.load offset=16 (local.get $v))) (local.get $d1)))
        (v128.store offset=16 (local.get $v) (local.get $v1))
        (v128.store offset=16 (local.get $w)
          (f32x4.sub (local.get $w1)
            (f32x4.add
              (f32x4.mul (local.get $ofDirections) (local.get $d1))
              (f32x4.mul (local.get $ofVelocities) (local.get $v1)))))
        (local.set $w (i32.add (local.get $w) (i32.const 32)))
        (local.set $v (i32.add (local.get $v) (i32.const 32)))
        (local.set $g (i32.add (local.get $g) (i32.const 32)))
        (br $vectors)))
    ;; Up to seven floats that are left, one by one.
    (block $done
      (loop $rest
        (br_if $done (i32.ge_u (local.get $w) (local.get $end)))
        (local.set $weight (f32.load (local.get $w)))
        (local.set $direction
          (f32.add
            (f32.mul (local.get $scale) (f32.load (local.get $g)))
            (f32.mul (local.get $decay) (local.get $weight))))
        (local.set $velocity
          (f32.add (f32.mul (local.get $momentum) (f32.load (local.get $v))) (local.get $direction)))
        (f32.store (local.get $v) (local.get $velocity))
        (f32.store (local.get $w)
          (f32.sub (local.get $weight)
            (f32.add
              (f32.mul (local.get $ofDirection) (local.get $direction))
              (f32.mul (local.get $ofVelocity) (local.get $velocity)))))
        (local.set $w (i32.add (local.get $w) (i32.const 4)))
        (local.set $v (i32.add (local.get $v) (i32.const 4)))
        (local.set $g (i32.add (local.get $g) (i32.const 4)))
        (br $rest))))

  ;; The same for `count` rows of `width` floats of a table: row rows[i] (int32) has the gradient g[i].
  (func (export "updateRows")
    (param $w i32) (param $v i32) (param $g i32) (param $rows i32) (param $count i32) (param $width i32)
    (param $scale f32) (param $decay f32) (param $momentum f32) (param $ofDirection f32) (param $ofVelocity f32)
    (local $end i32) (local $stride i32) (local $offset i32)
    (local.set $stride (i32.shl (local.get $width) (i32.const 2)))
    (local.set $end (i32.add (local.get $rows) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $rows) (local.get $end)))
        (local.set $offset (i32.mul (i32.load (local.get $rows)) (local.get $stride)))
        (call $update
          (i32.add (local.get $w) (local.get $offset))
          (i32.add (local.get $v) (local.get $offset))
          (local.get $g) (local.get $width)
          (local.get $scale) (local.get $decay) (local.get $momentum) (local.get $ofDirection) (local.get $ofVelocity))
        (local.set $g (i32.add (local.get $g) (local.get $stride)))
        (local.set $rows (i32.add (local.get $rows) (i32.const 4)))
        (br $next)))))
