"""Dialects of TIFF: read whole, or refused with a sentence."""

import zlib

import numpy as np
import pytest
import tifffile

from clearice.files import tiff_page
from clearice.files.movies import open_movie
from clearice.files.pictures import read_image
from clearice.files.tiff import open_tiff
from support.image_files import pack_counts, tiff_bytes

RNG = np.random.default_rng(0)
COUNTS = RNG.integers(0, 16, (3, 6, 9)).astype(np.uint8)
STACK = RNG.poisson(20, (6, 30, 38)).astype(np.uint16)
SERIALEM = "SerialEMCCD: Dose frac. image, 4 bits packed  r/f 0"


def frames_of(path):
    with open_movie(path) as movie:
        found = np.stack(list(movie.frames()))
        assert (movie.frame_count, *movie.shape) == found.shape and movie.dtype == found.dtype
        return found


def refusal_of(path):
    with pytest.raises(ValueError) as caught:
        frames_of(path)
    assert path.name in str(caught.value) and "\n" not in str(caught.value)
    return str(caught.value)


def written(path, data):
    path.write_bytes(data)
    return path


def pages_of(stack):
    return [frame.tobytes() for frame in stack]


# Counts of 4 bits


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("width", [1, 8, 9])
def test_tiff_of_4_bits_is_unpacked_the_left_pixel_from_the_high_half(tmp_path, width, compressed):
    counts = COUNTS[:, :, :width]
    swapped = pack_counts(counts)
    high_first = (swapped << 4) | (swapped >> 4)
    pages, changes = pages_of(high_first), {}
    if compressed:
        pages, changes = [zlib.compress(page) for page in pages], {index: {259: 8} for index in range(3)}
    path = written(tmp_path / "m.tif", tiff_bytes(pages, (6, width), 4, changes))
    np.testing.assert_array_equal(frames_of(path), counts)


def test_4_bits_in_another_order_are_refused(tmp_path):
    changes = {index: {266: 2} for index in range(3)}
    path = written(tmp_path / "m.tif", tiff_bytes(pages_of(pack_counts(COUNTS)), (6, 9), 4, changes))
    assert "FillOrder 2" in refusal_of(path)


def test_serialems_title_says_that_bytes_hold_two_counts(tmp_path):
    counts = COUNTS[:, :, :8]
    data = tiff_bytes(pages_of(pack_counts(counts)), (6, 4), 8, {0: {270: SERIALEM}})
    path = written(tmp_path / "m.tif", data)
    np.testing.assert_array_equal(frames_of(path), counts)
    with open_movie(path) as movie:
        assert "TIFF (packed bytes), 3 images of 6 x 8 px" in movie.description


def test_frames_that_another_program_has_written_since_are_not_unpacked(tmp_path):
    text = f"{SERIALEM}\nnewstack: images copied"
    path = written(tmp_path / "m.tif", tiff_bytes(pages_of(COUNTS), (6, 9), 8, {0: {270: text}}))
    np.testing.assert_array_equal(frames_of(path), COUNTS)


@pytest.mark.parametrize("compression", [None, "lzw", "zlib"])
def test_half_a_super_resolution_frame_with_a_date_is_serialems(tmp_path, monkeypatch, compression):
    monkeypatch.setattr(tiff_page, "SUPER_RESOLUTION_PX", ((8, 6),))
    counts = COUNTS[:, :, :8]
    with tifffile.TiffWriter(tmp_path / "m.tif") as writer:
        for frame in pack_counts(counts):
            writer.write(
                frame,
                photometric="minisblack",
                compression=compression,
                datetime=True,
                contiguous=False,
                metadata=None,
            )
    np.testing.assert_array_equal(frames_of(tmp_path / "m.tif"), counts)


@pytest.mark.parametrize("table", ["SUPER_RESOLUTION_PX", "COUNTING_PX"])
def test_half_a_frame_about_which_nothing_is_said_is_refused(tmp_path, monkeypatch, table):
    monkeypatch.setattr(tiff_page, table, ((18, 6),))
    path = written(tmp_path / "m.tif", tiff_bytes(pages_of(COUNTS), (6, 9), 8))
    assert "they may be 4-bit counts" in refusal_of(path)
    wider = COUNTS.astype("<u2")
    path = written(tmp_path / "m.tif", tiff_bytes(pages_of(wider), (6, 9), 16))
    np.testing.assert_array_equal(frames_of(path), wider)


# Stacks with one page directory


def stack_behind(description, stack=STACK, bigendian=False):
    kind = ">u2" if bigendian else "<u2"
    frames = stack.astype(kind)
    data = bytearray(tiff_bytes([frames[0].tobytes()], STACK.shape[1:], 16, {0: {270: description}}))
    start = len(data) + len(data) % 2
    data += bytes(start - len(data)) + frames.tobytes()
    whole = tiff_bytes([frames[0].tobytes()], STACK.shape[1:], 16, {0: {270: description, 273: start}})
    return whole + bytes(data[len(whole) :])


@pytest.mark.parametrize(
    "description",
    [
        "ImageJ=1.53t\nimages=6\nslices=6\nloop=false\n",
        "ImageJ=1.53t\nimages=6\nframes=6\nunit=micron\n",
        '{"shape": [6, 30, 38]}',
    ],
)
def test_a_stack_behind_one_page_is_read_whole(tmp_path, description):
    path = written(tmp_path / "m.tif", stack_behind(description))
    np.testing.assert_array_equal(frames_of(path), STACK)
    with open_movie(path, 3) as movie:
        np.testing.assert_array_equal(np.stack(list(movie.frames(3, 5))), STACK[2:5])
        assert "one page for all" in movie.description


def test_numbers_of_no_declared_format_are_unsigned_as_the_standard_says(tmp_path):
    data = tiff_bytes(pages_of(COUNTS + 200), (6, 9), 8, {index: {339: 4} for index in range(3)})
    np.testing.assert_array_equal(frames_of(written(tmp_path / "m.tif", data)), COUNTS + 200)


@pytest.mark.parametrize("order", "<>")
def test_an_imagej_stack_whose_chain_ends_after_one_page_is_read_whole(tmp_path, order):
    path = tmp_path / "m.tif"
    tifffile.imwrite(path, STACK, imagej=True, byteorder=order)
    np.testing.assert_array_equal(frames_of(path), STACK)
    data = bytearray(path.read_bytes())
    kind = "little" if order == "<" else "big"
    start = int.from_bytes(data[4:8], kind)
    tags = int.from_bytes(data[start : start + 2], kind)
    data[start + 2 + 12 * tags : start + 6 + 12 * tags] = bytes(4)
    path.write_bytes(data)
    np.testing.assert_array_equal(frames_of(path), STACK)


def test_a_stack_behind_one_page_that_ends_too_soon_is_refused(tmp_path):
    data = stack_behind("ImageJ=1.53t\nimages=6\nslices=6\n")
    path = written(tmp_path / "m.tif", data[:-10])
    assert "it holds 5 whole images of the 6 its description speaks of" in refusal_of(path)


def test_a_stack_of_packed_counts_behind_one_page_is_refused(tmp_path):
    description = f"ImageJ=1.53t\nimages=3\n{SERIALEM}"
    data = tiff_bytes(pages_of(COUNTS[:1]), (6, 9), 8, {0: {270: description}}, behind=bytes(500))
    assert "they may be 4-bit counts" in refusal_of(written(tmp_path / "m.tif", data))


def test_a_stack_behind_a_compressed_page_is_refused(tmp_path):
    path = tmp_path / "m.tif"
    tifffile.imwrite(
        path, STACK[0], compression="zlib", description="ImageJ=1.53t\nimages=6\n", metadata=None
    )
    assert "that page is compressed or in pieces" in refusal_of(path)


@pytest.mark.parametrize(
    ("description", "sentence"),
    [
        ("ImageJ=1.53t\nimages=6\n", "has 3 pages, but its description speaks of 6 images"),
        ("ImageJ=1.53t\nimages=3\nchannels=3\n", "an ImageJ stack of 3 channels"),
        ('<?xml version="1.0"?><OME><Pixels SizeC="1" SizeT="40" SizeZ="1"/></OME>', "speaks of 40 images"),
    ],
)
def test_descriptions_of_other_numbers_of_images_are_refused(tmp_path, description, sentence):
    data = tiff_bytes(pages_of(STACK[:3]), STACK.shape[1:], 16, {0: {270: description}})
    assert sentence in refusal_of(written(tmp_path / "m.tif", data))


@pytest.mark.parametrize(
    "description", ["{", '{"shape": 6}', '{"shape": ["x"]}', "[" * 20000, '{"shape": []}']
)
def test_descriptions_that_mean_nothing_change_nothing(tmp_path, description):
    data = tiff_bytes(pages_of(STACK[:1]), STACK.shape[1:], 16, {0: {270: description}})
    np.testing.assert_array_equal(frames_of(written(tmp_path / "m.tif", data)), STACK[:1])


def test_frames_that_no_page_claims_are_never_left_out_in_silence(tmp_path):
    large = RNG.poisson(20, (3, 60, 70)).astype(np.uint16)
    data = tiff_bytes(pages_of(large[:2]), (60, 70), 16, behind=large[2].tobytes())
    assert "8400 bytes that belong to none of its 2 pages" in refusal_of(written(tmp_path / "m.tif", data))


def test_gaps_between_pages_hide_nothing(tmp_path):
    with tifffile.TiffWriter(tmp_path / "m.tif") as writer:
        for _ in range(300):
            writer.write(COUNTS[0], contiguous=False, metadata=None, compression="lzw")
    assert len(frames_of(tmp_path / "m.tif")) == 300


def test_a_chain_of_pages_that_breaks_off_is_seen(tmp_path):
    large = RNG.poisson(20, (3, 60, 70)).astype(np.uint16)
    path = tmp_path / "m.tif"
    with tifffile.TiffWriter(path) as writer:
        for frame in large:
            writer.write(frame, contiguous=False, metadata=None)
    with tifffile.TiffFile(path) as file:
        last = file.pages[2].offset
    data = path.read_bytes()
    path.write_bytes(data.replace(last.to_bytes(4, "little"), bytes(4)))
    assert "belong to none of its 2 pages" in refusal_of(path)


# Pages that are not whole


@pytest.mark.parametrize("tag", [273, 279])
@pytest.mark.parametrize("page", [0, 2])
def test_strips_without_data_are_never_read_as_zeros(tmp_path, tag, page):
    data = tiff_bytes(pages_of(COUNTS), (6, 9), 8, {page: {tag: 0}})
    sentence = refusal_of(written(tmp_path / "m.tif", data))
    assert f"page {page + 1}, has strips or tiles without data (offset or byte count 0)" in sentence


def test_sparse_strips_and_tiles_of_gdal_are_refused(tmp_path):
    for options in ({"rowsperstrip": 5}, {"tile": (16, 16)}):
        path = tmp_path / "m.tif"
        tifffile.imwrite(path, STACK[0], compression="zlib", photometric="minisblack", **options)
        with tifffile.TiffFile(path, mode="r+b") as file:
            for name in ("StripOffsets", "StripByteCounts", "TileOffsets", "TileByteCounts"):
                tag = file.pages[0].tags.get(name)
                if tag is not None:
                    tag.overwrite((*tag.value[:-1], 0))
        assert "without data" in refusal_of(path)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({279: 30}, "has 30 bytes of pixels where its size needs 54"),
        ({279: 5000}, "ends inside page 2 of 3|ends inside page 2;"),
        ({257: 0}, "0 x 9"),
        ({256: 0}, "6 x 0"),
        ({278: 2}, "has 1 strips or tiles with 1 byte counts, but its size needs 3"),
        ({257: 5}, "page 2 is 5 x 9 uint8, page 1 is 6 x 9 uint8"),
        ({273: None}, "page 2"),
        ({277: 3}, "one grey value per pixel"),
        ({262: 3}, "photometric 3"),
        ({262: 0}, "0 is white"),
        ({254: 1}, "a thumbnail, a mask or a pyramid"),
        ({330: 8}, "a thumbnail, a mask or a pyramid"),
        ({33629: 8}, "of the format MetaMorph"),
        ({34412: 8}, "of the format Zeiss LSM"),
        ({34362: 8}, "of the format Olympus"),
        ({259: 7}, "compression 7 and predictor 1; none, LZW, deflate, PackBits, LZMA, Zstandard are read"),
        ({259: 5, 317: 9}, "predictor 9"),
        ({258: 12}, "12 bits"),
        ({258: 1}, "1 bits"),
        ({339: 6}, "one grey value per pixel"),
    ],
)
def test_pages_that_are_no_whole_grey_images_are_refused(tmp_path, changes, sentence):
    found = refusal_of(written(tmp_path / "m.tif", tiff_bytes(pages_of(COUNTS), (6, 9), 8, {1: changes})))
    assert any(words in found for words in sentence.split("|")), found


@pytest.mark.parametrize("first", [True, False])
def test_thumbnails_of_another_size_are_refused(tmp_path, first):
    with tifffile.TiffWriter(tmp_path / "m.tif") as writer:
        for frame in (STACK[0, ::4, ::4], STACK[0]) if first else (STACK[0], STACK[0, ::4, ::4]):
            writer.write(np.ascontiguousarray(frame), contiguous=False, metadata=None)
    assert "all frames of a movie have one shape and type" in refusal_of(tmp_path / "m.tif")


def test_pyramids_are_refused(tmp_path):
    with tifffile.TiffWriter(tmp_path / "m.tif") as writer:
        writer.write(STACK[0], subifds=1)
        writer.write(np.ascontiguousarray(STACK[0, ::2, ::2]), subfiletype=1)
    assert "a thumbnail, a mask or a pyramid" in refusal_of(tmp_path / "m.tif")


@pytest.mark.parametrize("photometric", ["palette", "miniswhite"])
def test_palettes_and_inverted_greys_are_refused(tmp_path, photometric):
    colours = np.zeros((3, 256), np.uint16) if photometric == "palette" else None
    tifffile.imwrite(tmp_path / "m.tif", COUNTS[0], photometric=photometric, colormap=colours)
    assert "are colours or that 0 is white" in refusal_of(tmp_path / "m.tif")


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_colours_in_any_layout_are_refused(tmp_path, planar):
    colours = np.zeros((3, 20, 20) if planar == "separate" else (20, 20, 3), np.uint8)
    tifffile.imwrite(tmp_path / "m.tif", colours, photometric="rgb", planarconfig=planar)
    assert "one grey value per pixel" in refusal_of(tmp_path / "m.tif")


@pytest.mark.parametrize("dtype", ["c8", "?"])
def test_complex_and_binary_pixels_are_refused(tmp_path, dtype):
    tifffile.imwrite(tmp_path / "m.tif", COUNTS[0].astype(dtype), photometric="minisblack")
    assert "one grey value per pixel" in refusal_of(tmp_path / "m.tif")


@pytest.mark.parametrize("compression", ["packbits", "lzma", "zstd", "zlib", "lzw"])
@pytest.mark.parametrize("predictor", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", ">u2", "f4", "i8"])
def test_all_compressions_that_return_what_was_put_in_are_read(tmp_path, compression, predictor, dtype):
    predictor = predictor and compression != "packbits" and dtype != "i8"  # tifffile writes none for these
    stack = (STACK % 100).astype(dtype)
    tifffile.imwrite(
        tmp_path / "m.tif",
        stack,
        photometric="minisblack",
        compression=compression,
        predictor=predictor,
        rowsperstrip=7,
        byteorder=">" if dtype[0] == ">" else "<",
    )
    np.testing.assert_array_equal(frames_of(tmp_path / "m.tif"), stack)


@pytest.mark.parametrize("compression", ["jpeg", "jpeg2000", "webp", "png", "jpegxl"])
def test_codecs_of_pictures_are_refused(tmp_path, compression):
    frames = np.zeros((32, 32, 3), np.uint8) if compression == "webp" else np.zeros((32, 32), np.uint8)
    tifffile.imwrite(tmp_path / "m.tif", frames, compression=compression)
    assert "are read" in refusal_of(tmp_path / "m.tif")


@pytest.mark.parametrize("compression", ["lzw", "zlib", "zstd", "packbits", "lzma"])
@pytest.mark.parametrize("share", [0.2, 0.9])
def test_a_strip_that_is_cut_short_is_never_filled_up(tmp_path, compression, share):
    path = tmp_path / "m.tif"
    tifffile.imwrite(path, STACK, photometric="minisblack", compression=compression)
    with tifffile.TiffFile(path, mode="r+b") as file:
        tag = file.pages[1].tags["StripByteCounts"]
        tag.overwrite(int(share * tag.value[0]))
    assert "page 2 of 6 cannot be decoded" in refusal_of(path)


def test_one_image_and_a_movie_go_through_the_same_checks(tmp_path):
    path = written(tmp_path / "m.tif", tiff_bytes(pages_of(COUNTS[:1]), (6, 9), 8, {0: {273: 0}}))
    with pytest.raises(ValueError, match="without data"):
        read_image(path)
    with pytest.raises(ValueError, match="without data"), open_tiff(path):
        pass


@pytest.mark.parametrize(("ratio", "square"), [(1.0, True), (1.005, True), (1.5, False)])
def test_resolutions_that_contradict_one_pixel_size_are_refused(tmp_path, ratio, square):
    path = tmp_path / "m.tif"
    resolution = (1e8 / 1.25, ratio * 1e8 / 1.25)
    tifffile.imwrite(
        path, STACK, photometric="minisblack", resolution=resolution, resolutionunit="CENTIMETER"
    )
    if square:
        with open_movie(path) as movie:
            assert movie.pixel_size_A == pytest.approx(1.25)
    else:
        assert "pixels of 1.25 x 0.833333 A by its resolutions" in refusal_of(path)


def test_negative_bytes_are_no_counts_of_a_movie_but_pixels_of_an_image(tmp_path):
    path = tmp_path / "m.tif"
    tifffile.imwrite(path, np.full((2, 30, 38), -5, np.int8), photometric="minisblack")
    assert "frame 1, holds negative bytes (-5)" in refusal_of(path)
    tifffile.imwrite(path, np.full((30, 38), -5, np.int8), photometric="minisblack")
    assert (read_image(path).pixels == -5).all()
