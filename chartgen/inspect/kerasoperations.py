"""The functions of TensorFlow that a layer of Keras 2 may call by the name in the file: those that compute.

Keras 2 writes a call between layers, such as `x[:, 0]` or `tf.reduce_mean(x)`, as a layer with the function's public
name, and loading looks that name up among all that TensorFlow has, which includes what reads and writes files.
Source: `TFOpLambda` in `keras/src/layers/core/tf_op_layer.py` of Keras 2.15, and the API of TensorFlow 2.15.
"""

from __future__ import annotations

from functools import cache
from typing import Any

# All of these take numbers and texts, and give such. Others beside them read a vocabulary from a file, call a function
# that is handed to them or change what all models of the process share, so each is named.
_IN_NAMESPACES = {
    "__operators__": "add eq getitem ne ragged_getitem",
    "bitwise": "bitwise_and bitwise_or bitwise_xor invert left_shift right_shift",
    "image": """adjust_brightness adjust_contrast adjust_gamma adjust_hue adjust_jpeg_quality adjust_saturation
        central_crop combined_non_max_suppression convert_image_dtype crop_and_resize crop_to_bounding_box
        draw_bounding_boxes extract_glimpse extract_image_patches extract_patches flip_left_right flip_up_down
        generate_bounding_box_proposals grayscale_to_rgb hsv_to_rgb image_gradients non_max_suppression
        non_max_suppression_overlaps non_max_suppression_padded non_max_suppression_with_scores
        pad_to_bounding_box per_image_standardization psnr random_brightness random_contrast random_crop
        random_flip_left_right random_flip_up_down random_hue random_jpeg_quality random_saturation resize
        resize_area resize_bicubic resize_bilinear resize_image_with_crop_or_pad resize_image_with_pad
        resize_images resize_nearest_neighbor resize_with_crop_or_pad resize_with_pad rgb_to_grayscale
        rgb_to_hsv rgb_to_yiq rgb_to_yuv rot90 sample_distorted_bounding_box sobel_edges ssim ssim_multiscale
        stateless_random_brightness stateless_random_contrast stateless_random_crop
        stateless_random_flip_left_right stateless_random_flip_up_down stateless_random_hue
        stateless_random_jpeg_quality stateless_random_saturation stateless_sample_distorted_bounding_box
        total_variation transpose transpose_image yiq_to_rgb yuv_to_rgb""",
    "linalg": """adjoint band_part banded_triangular_solve cholesky cholesky_solve cross det diag diag_part eig eigh
        eigh_tridiagonal eigvals eigvalsh einsum expm eye global_norm inv l2_normalize logdet logm lstsq lu
        lu_matrix_inverse lu_reconstruct lu_solve matmul matrix_rank matrix_transpose matvec norm normalize pinv
        qr set_diag slogdet solve sqrtm svd tensor_diag tensor_diag_part tensordot trace transpose
        triangular_solve tridiagonal_matmul tridiagonal_solve""",
    "math": """abs accumulate_n acos acosh add add_n angle approx_max_k approx_min_k argmax argmin asin asinh atan
        atan2 atanh bessel_i0 bessel_i0e bessel_i1 bessel_i1e betainc bincount ceil confusion_matrix conj cos
        cosh count_nonzero cumprod cumsum cumulative_logsumexp digamma divide divide_no_nan equal erf erfc
        erfcinv erfinv exp expm1 floor floordiv floormod greater greater_equal igamma igammac imag in_top_k
        invert_permutation is_finite is_inf is_nan is_non_decreasing is_strictly_increasing l2_normalize lbeta
        less less_equal lgamma log log1p log_sigmoid log_softmax logical_and logical_not logical_or logical_xor
        maximum minimum mod multiply multiply_no_nan ndtri negative nextafter not_equal polygamma polyval pow
        real reciprocal reciprocal_no_nan reduce_all reduce_any reduce_euclidean_norm reduce_logsumexp
        reduce_max reduce_mean reduce_min reduce_prod reduce_std reduce_sum reduce_variance rint round rsqrt
        scalar_mul segment_max segment_mean segment_min segment_prod segment_sum sigmoid sign sin sinh
        sobol_sample softmax softplus softsign special.bessel_i0 special.bessel_i0e special.bessel_i1
        special.bessel_i1e special.bessel_j0 special.bessel_j1 special.bessel_k0 special.bessel_k0e
        special.bessel_k1 special.bessel_k1e special.bessel_y0 special.bessel_y1 special.dawsn special.expint
        special.fresnel_cos special.fresnel_sin special.spence sqrt square squared_difference subtract tan tanh
        top_k truediv unsorted_segment_max unsorted_segment_mean unsorted_segment_min unsorted_segment_prod
        unsorted_segment_sqrt_n unsorted_segment_sum xdivy xlog1py xlogy zero_fraction zeta""",
    "nn": """approx_max_k approx_min_k atrous_conv2d atrous_conv2d_transpose avg_pool avg_pool1d avg_pool2d
        avg_pool3d avg_pool_v2 batch_norm_with_global_normalization batch_normalization bias_add
        collapse_repeated conv1d conv1d_transpose conv2d conv2d_backprop_filter conv2d_backprop_input
        conv2d_transpose conv3d conv3d_backprop_filter conv3d_backprop_filter_v2 conv3d_transpose conv_transpose
        convolution crelu ctc_beam_search_decoder ctc_beam_search_decoder_v2 ctc_greedy_decoder ctc_loss
        ctc_loss_v2 ctc_unique_labels depth_to_space depthwise_conv2d depthwise_conv2d_backprop_filter
        depthwise_conv2d_backprop_input depthwise_conv2d_native depthwise_conv2d_native_backprop_filter
        depthwise_conv2d_native_backprop_input dilation2d dropout elu embedding_lookup embedding_lookup_sparse
        erosion2d experimental.stateless_dropout fractional_avg_pool fractional_max_pool fused_batch_norm gelu
        in_top_k isotonic_regression l2_loss l2_normalize leaky_relu local_response_normalization
        log_poisson_loss log_softmax lrn max_pool max_pool1d max_pool2d max_pool3d max_pool_v2
        max_pool_with_argmax moments normalize_moments pool quantized_avg_pool quantized_conv2d
        quantized_max_pool quantized_relu_x relu relu6 relu_layer safe_embedding_lookup_sparse selu
        separable_conv2d sigmoid sigmoid_cross_entropy_with_logits silu softmax
        softmax_cross_entropy_with_logits softmax_cross_entropy_with_logits_v2 softplus softsign space_to_batch
        space_to_depth sparse_softmax_cross_entropy_with_logits sufficient_statistics swish tanh top_k
        weighted_cross_entropy_with_logits weighted_moments xw_plus_b zero_fraction""",
    "random": """categorical experimental.index_shuffle experimental.stateless_fold_in experimental.stateless_shuffle
        experimental.stateless_split fold_in gamma multinomial normal poisson shuffle split stateless_binomial
        stateless_categorical stateless_gamma stateless_multinomial stateless_normal stateless_poisson
        stateless_truncated_normal stateless_uniform truncated_normal uniform""",
    "sets": "difference intersection set_difference set_intersection set_size set_union size union",
    "signal": """dct fft fft2d fft3d fftnd fftshift frame hamming_window hann_window idct ifft ifft2d ifft3d ifftnd
        ifftshift inverse_mdct inverse_stft inverse_stft_window_fn irfft irfft2d irfft3d irfftnd
        kaiser_bessel_derived_window kaiser_window linear_to_mel_weight_matrix mdct
        mfccs_from_log_mel_spectrograms overlap_and_add rfft rfft2d rfft3d rfftnd stft vorbis_window""",
    "strings": """as_string bytes_split format join length lower ngrams reduce_join regex_full_match regex_replace split
        strip substr to_hash_bucket to_hash_bucket_fast to_hash_bucket_strong to_number unicode_decode
        unicode_decode_with_offsets unicode_encode unicode_script unicode_split unicode_split_with_offsets
        unicode_transcode unsorted_segment_join upper""",
}
_OLD = "compat.v1."
_BARE = frozenset(
    """abs acos acosh add add_n argmax argmin argsort asin asinh atan atan2 atanh batch_gather batch_to_space
    bitcast boolean_mask broadcast_dynamic_shape broadcast_static_shape broadcast_to cast ceil
    clip_by_global_norm clip_by_norm clip_by_value complex concat constant convert_to_tensor cos cosh cross
    cumprod cumsum depth_to_space diag diag_part digamma div div_no_nan divide dynamic_partition dynamic_stitch
    edit_distance eig eigvals einsum ensure_shape equal erf erfc exp expand_dims expm1 extract_image_patches
    extract_volume_patches eye fill floor floor_div floordiv floormod gather gather_nd greater greater_equal
    histogram_fixed_width histogram_fixed_width_bins identity identity_n is_finite is_inf is_nan less less_equal
    lgamma linspace log log1p log_sigmoid logical_and logical_not logical_or logical_xor matmul matrix_band_part
    matrix_diag matrix_diag_part matrix_square_root maximum meshgrid minimum mod multinomial multiply negative
    norm not_equal one_hot ones ones_like pad parallel_stack pow random_crop random_gamma random_normal
    random_shuffle random_uniform range rank realdiv reciprocal reduce_all reduce_any reduce_logsumexp
    reduce_max reduce_mean reduce_min reduce_prod reduce_sum repeat reshape reverse reverse_sequence reverse_v2
    rint roll round rsqrt saturate_cast scalar_mul scatter_nd searchsorted segment_max segment_mean segment_min
    segment_prod segment_sum sequence_mask shape shape_n sigmoid sign sin sinh size slice sort space_to_batch
    space_to_batch_nd space_to_depth split sqrt square squared_difference squeeze stack stop_gradient
    strided_slice subtract tan tanh tensor_scatter_nd_add tensor_scatter_nd_max tensor_scatter_nd_min
    tensor_scatter_nd_sub tensor_scatter_nd_update tensordot tile to_double to_float to_int32 to_int64 transpose
    truediv truncated_normal truncatediv truncatemod unique unique_with_counts unravel_index unstack where
    where_v2 zeros zeros_like""".split()  # noqa: SIM905 - a list of names
)


def computes(name: Any) -> bool:
    """Whether it is the public name of a function of TensorFlow that computes, and does nothing else."""
    if not isinstance(name, str):
        return False
    name = name.removeprefix(_OLD)
    return name in _BARE or name in _functions()


@cache
def _functions() -> frozenset[str]:
    """The names of the functions with those of their namespaces."""
    return frozenset(f"{space}.{name}" for space, names in _IN_NAMESPACES.items() for name in names.split())
