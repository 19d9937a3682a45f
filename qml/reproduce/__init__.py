"""Published tables, trained again beside classical models of the same size.

>>> from qml.reproduce import TABLES
>>> list(TABLES)[:2]
['qkan-function', 'qkan-mnist']
>>> [row.name for row in TABLES["hqnn-parallel"].rows]
['mnist']
"""

from .classifier import Recipe as Recipe
from .classifier import classifier as classifier
from .record import SCALES as SCALES
from .record import Entry as Entry
from .record import Job as Job
from .record import Outcome as Outcome
from .record import Published as Published
from .record import Row as Row
from .record import Scale as Scale
from .record import Table as Table
from .run import reproduce as reproduce
from .summary import Summary as Summary
from .tables import TABLES as TABLES
