"""Any picture file, folder, archive or list -> grey pixels, upright, safely."""
