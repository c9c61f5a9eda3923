add-photos = Add photos
add-papers = Add documents
add-files = Send
files = Files
photo-stage = Stage pictured
covers-site = These photos show the whole site (a drone's set, for example)
paper-of-row = Row that it belongs to
photos-hint = JPEG, PNG or WebP, at most { $number } at once and { $size } MB each. Send originals: time and place are read from the photo itself, and are lost by forwarding or by a screenshot.
papers-hint = PDF, OFD, docx, xlsx, pptx, odt, ods or scanned pictures, at most { $number } at once and { $size } MB each.
choose-a-stage = Choose the stage that these photos picture.
choose-a-row = Choose the row that the file belongs to.
no-rows-for-papers = There is no row yet that a file could belong to. Fill one in first, then add files.
no-photos = There are no photos yet.
photo-not-here = only stated; the file is not here
photo-named = Photo { $value }
taken-at = taken { $value }
no-time = no time in it
no-place = no place in it
made-with = made with { $value }
files-stay = What is removed is listed no longer; the file itself and its history are kept. If it should never have been sent, such as somebody's identity card: remove it, then tell a manager of the county, who erases it for good.
done-files-added = Kept.
done-files-there = These files were here already; nothing changed.
done-file-removed = Removed.
done-file-erased = Erased for good.
removed-files = Removed files
no-removed-files = There is no removed file.
removed-files-hint = What was removed from the items is kept all the same. A file that should never have been sent, such as a photo of somebody's identity card, is erased for good here: its bytes, small copies, hashes and its name go, and cannot be brought back. The history keeps who erased it, when and why: name nobody in the reason.
erase-file = Erase for good
event-files =
    { $value ->
        [1] 1 file kept
       *[other] { $value } files kept
    }
alike = Photos that are the same or nearly so
alike-hint = Side by side: what of picture, time and place agrees. Alike is not forged; look at the originals.
picture-word = Picture
same-file = the same file
bits-apart = fingerprints differ in { $distance } of { $bits } bits
taken-word = Taken
taken-same-minute = in the same minute
minutes-apart =
    { $value ->
        [1] 1 minute apart
       *[other] { $value } minutes apart
    }
hours-apart =
    { $value ->
        [1] 1 hour apart
       *[other] { $value } hours apart
    }
days-apart =
    { $value ->
        [1] 1 day apart
       *[other] { $value } days apart
    }
taken-where = Place
metres-apart = { $value } m apart
km-apart = { $value } km apart
same-project = the same project, different stages
other-project = different projects
remove-file = Remove
